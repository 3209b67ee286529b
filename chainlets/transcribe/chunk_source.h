// ChunkSource: the micro chunks of one macro chunk, one after the other.
//
//   ChunkSource chunks(std::move(request), fetch, limits);
//   absl::StatusOr<std::optional<Piece>> chunk = chunks.Next(stop);   // none: the end
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cutter.h"
#include "fetch/http_client.h"
#include "fetch/http_source.h"
#include "media/media_limits.h"
#include "media/reader.h"
#include "transcribe.pb.h"

namespace transcribe {

// For one thread at a time, any thread.
class ChunkSource {
 public:
  ChunkSource(MacroChunkRequest request, const FetchSettings& fetch, const MediaLimits& limits);

  // Blocks: fetches and decodes. INVALID_ARGUMENT names the field that makes no sense; failures of
  // HttpSource and MediaReader. What is before a failure is given first.
  absl::StatusOr<std::optional<Piece>> Next(const std::stop_token& stop);

 private:
  absl::Status Begin();
  absl::Status OpenRemoteMedia();
  absl::Status TakePcm();
  absl::Status Decode();

  MacroChunkRequest request_;
  const FetchSettings fetch_;
  MediaLimits limits_;
  std::stop_source stop_;
  std::unique_ptr<HttpSource> source_;
  std::unique_ptr<MediaReader> reader_;  // null: nothing is left to decode
  std::optional<Cutter> cutter_;
  absl::Status failure_;
};

}  // namespace transcribe
