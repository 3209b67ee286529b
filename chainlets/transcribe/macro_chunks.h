// MacroChunks: the macro chunks of a recording, as they are planned and transcribed beside each
// other. Tasks share it, so that what blocks may outlive who waits.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "chains/chains.h"
#include "chains/core/notice.h"
#include "recording.h"
#include "transcribe.chains.h"

namespace transcribe {

// What was heard of one macro chunk up to now.
struct Heard {
  std::deque<Segment> segments;        // that nobody took yet
  double end = 0;                      // of the last segment there was, in seconds
  std::optional<absl::Status> status;  // once there is no more
};

// What is planned.
struct Planned {
  explicit Planned(std::unique_ptr<Recording> of) : recording(std::move(of)) {}

  std::unique_ptr<Recording> recording;
  std::optional<MacroChunk> next;      // one that nobody took yet
  std::optional<absl::Status> status;  // once there is no more
  chains::Notice taken;
};

// For one loop. `changed` is given whenever something of the other argument has changed.

// Plans the chunks one after the other, each when the one before was taken.
chains::Task<void> Plan(std::shared_ptr<Planned> planned, std::shared_ptr<chains::Notice> changed);

// Has `worker` transcribe a chunk; when it is lost on the way, another one goes on where it was,
// once.
chains::Task<void> Listen(MacroChunkWorker& worker, std::shared_ptr<MacroChunkRequest> request,
                          std::shared_ptr<Heard> heard, std::shared_ptr<chains::Notice> changed);

}  // namespace transcribe
