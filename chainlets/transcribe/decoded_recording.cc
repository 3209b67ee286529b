#include "decoded_recording.h"

#include <utility>

namespace transcribe {

DecodedRecording::DecodedRecording(std::unique_ptr<MediaSource> source,
                                   std::unique_ptr<MediaReader> reader, const Options& options,
                                   std::stop_source stop)
    : source_(std::move(source)),
      reader_(std::move(reader)),
      options_(options),
      stop_(std::move(stop)),
      cutter_(options.macro) {}

absl::StatusOr<std::optional<MacroChunk>> DecodedRecording::Next(const std::stop_token& stop) {
  const std::stop_callback link(stop, [&] { stop_.request_stop(); });
  std::optional<Piece> piece = cutter_.Next();
  while (!piece.has_value()) {
    const absl::StatusOr<Samples> samples = reader_->Read();
    if (!samples.ok()) return samples.status();
    if (samples->empty()) cutter_.End();
    cutter_.Add(*samples);
    piece = cutter_.Next();
    if (samples->empty()) break;
  }
  if (!piece.has_value()) return std::nullopt;
  MacroChunk chunk;
  chunk.cut = std::exchange(cut_, piece->end());
  chunk.request.set_begin_sample(piece->begin);
  chunk.request.set_end_sample(piece->end());
  chunk.request.set_pcm(ToPcm(piece->samples));
  chunk.request.set_micro_chunk_samples(static_cast<uint32_t>(options_.micro.size));
  chunk.request.set_smoothing_samples(static_cast<uint32_t>(options_.micro.smoothing));
  return chunk;
}

absl::StatusOr<std::unique_ptr<Recording>> OpenSource(std::unique_ptr<MediaSource> source,
                                                      const Options& options,
                                                      const MediaLimits& limits,
                                                      const std::stop_token& stop) {
  std::stop_source stop_source;
  const std::stop_callback link(stop, [&] { stop_source.request_stop(); });
  MediaLimits own = limits;
  own.stop = stop_source.get_token();
  absl::StatusOr<std::unique_ptr<MediaReader>> reader = MediaReader::Open(*source, own);
  if (!reader.ok()) return reader.status();
  return std::make_unique<DecodedRecording>(std::move(source), *std::move(reader), options,
                                            std::move(stop_source));
}

namespace {

// Bytes, and whom they belong to.
class OwnedBytes final : public MediaSource {
 public:
  explicit OwnedBytes(std::string bytes) : bytes_(std::move(bytes)), source_(bytes_) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> to) override {
    return source_.ReadAt(offset, to);
  }
  uint64_t size() const override { return source_.size(); }

 private:
  const std::string bytes_;
  MemorySource source_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Recording>> OpenBytes(std::string bytes, const Options& options,
                                                     const MediaLimits& limits,
                                                     const std::stop_token& stop) {
  return OpenSource(std::make_unique<OwnedBytes>(std::move(bytes)), options, limits, stop);
}

}  // namespace transcribe
