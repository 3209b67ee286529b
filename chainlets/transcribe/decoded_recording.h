// DecodedRecording: a recording whose samples are sent to workers.
#pragma once

#include <memory>
#include <stop_token>

#include "cutter.h"
#include "media/source.h"
#include "recording.h"

namespace transcribe {

class DecodedRecording final : public Recording {
 public:
  // `stop` is what the source and the reader listen to.
  DecodedRecording(std::unique_ptr<MediaSource> source, std::unique_ptr<MediaReader> reader,
                   const Options& options, std::stop_source stop);

  const MediaDescription& about() const override { return reader_->about(); }
  absl::StatusOr<std::optional<MacroChunk>> Next(const std::stop_token& stop) override;

 private:
  std::unique_ptr<MediaSource> source_;
  std::unique_ptr<MediaReader> reader_;
  const Options options_;
  std::stop_source stop_;
  Cutter cutter_;
  uint64_t cut_ = 0;
};

}  // namespace transcribe
