// Recording: an open recording, cut into macro chunks, one after the other.
//
//   absl::StatusOr<std::unique_ptr<Recording>> recording = OpenBytes(bytes, options, limits);
//   while (true) {
//     absl::StatusOr<std::optional<MacroChunk>> chunk = (*recording)->Next(stop);   // none: the
//     end …
//   }
//
// Everything here blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fetch/http_client.h"
#include "media/file_source.h"
#include "media/media_limits.h"
#include "media/reader.h"
#include "params.h"
#include "transcribe.pb.h"

namespace transcribe {

// What a worker is to do, and from where on it is new: what lies before repeats the chunk before.
struct MacroChunk {
  MacroChunkRequest request;
  uint64_t cut = 0;  // in samples; request.begin_sample when nothing is repeated
};

// For one thread at a time, any thread.
class Recording {
 public:
  virtual ~Recording() = default;

  virtual const MediaDescription& about() const = 0;
  // The next chunk; none at the end. CANCELLED when `stop` is requested.
  virtual absl::StatusOr<std::optional<MacroChunk>> Next(const std::stop_token& stop) = 0;
};

// Decodes it here, and sends workers its samples. `source` is kept.
absl::StatusOr<std::unique_ptr<Recording>> OpenSource(std::unique_ptr<MediaSource> source,
                                                      const Options& options,
                                                      const MediaLimits& limits,
                                                      const std::stop_token& stop);
// The same for bytes in memory.
absl::StatusOr<std::unique_ptr<Recording>> OpenBytes(std::string bytes, const Options& options,
                                                     const MediaLimits& limits,
                                                     const std::stop_token& stop);
// Tells workers where to fetch it, where it is a file that is found its way in exactly, on a server
// that knows ranges; else decodes it here.
absl::StatusOr<std::unique_ptr<Recording>> OpenUrl(const std::string& url, const Options& options,
                                                   const FetchSettings& settings,
                                                   const MediaLimits& limits,
                                                   const std::stop_token& stop);

}  // namespace transcribe
