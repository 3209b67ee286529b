#include "chunk_source.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "params.h"

namespace transcribe {
namespace {

// Micro chunks have fewer samples than that; the recognizer takes no more.
constexpr auto kLongestMicro = static_cast<uint32_t>(kLongestChunkSeconds) * kSampleRate;
constexpr uint32_t kMostSmoothing = 10 * kSampleRate;

absl::Status Check(const MacroChunkRequest& request) {
  if (request.micro_chunk_samples() < 2 || request.micro_chunk_samples() > kLongestMicro) {
    return absl::InvalidArgumentError(absl::StrCat("micro_chunk_samples is ",
                                                   request.micro_chunk_samples(),
                                                   "; it can be 2 to ", kLongestMicro));
  }
  if (request.smoothing_samples() < 1 || request.smoothing_samples() > kMostSmoothing) {
    return absl::InvalidArgumentError(absl::StrCat(
        "smoothing_samples is ", request.smoothing_samples(), "; it can be 1 to ", kMostSmoothing));
  }
  if (request.has_end_sample() && request.end_sample() < request.begin_sample()) {
    return absl::InvalidArgumentError("end_sample lies before begin_sample");
  }
  return absl::OkStatus();
}

}  // namespace

ChunkSource::ChunkSource(MacroChunkRequest request, const FetchSettings& fetch,
                         const MediaLimits& limits)
    : request_(std::move(request)), fetch_(fetch), limits_(limits) {
  limits_.stop = stop_.get_token();
}

absl::StatusOr<std::optional<Piece>> ChunkSource::Next(const std::stop_token& stop) {
  const std::stop_callback link(stop, [&] { stop_.request_stop(); });
  if (!cutter_.has_value()) {
    if (absl::Status status = Begin(); !status.ok()) return status;
  }
  std::optional<Piece> piece = cutter_->Next();
  while (!piece.has_value() && reader_ != nullptr) {
    failure_ = Decode();
    if (!failure_.ok()) reader_.reset();
    if (reader_ == nullptr) cutter_->End();
    piece = cutter_->Next();
  }
  if (!piece.has_value() && !failure_.ok()) return failure_;
  return piece;
}

absl::Status ChunkSource::Begin() {
  if (absl::Status status = Check(request_); !status.ok()) return status;
  cutter_.emplace(CutOptions{.size = request_.micro_chunk_samples(),
                             .window = request_.micro_chunk_samples() / 2,
                             .smoothing = request_.smoothing_samples()},
                  request_.begin_sample());
  switch (request_.source_case()) {
    case MacroChunkRequest::kPcm:
      return TakePcm();
    case MacroChunkRequest::kRemote:
      return OpenRemoteMedia();
    case MacroChunkRequest::SOURCE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("pcm and remote are missing: give one of them");
}

absl::Status ChunkSource::TakePcm() {
  const absl::StatusOr<Samples> samples = FromPcm(request_.pcm());
  if (!samples.ok()) return samples.status();
  cutter_->Add(*samples);
  cutter_->End();
  request_.clear_pcm();
  return absl::OkStatus();
}

absl::Status ChunkSource::OpenRemoteMedia() {
  const RemoteMedia& remote = request_.remote();
  if (remote.size_bytes() > limits_.bytes) {
    return absl::InvalidArgumentError(absl::StrCat("remote.size_bytes is ", remote.size_bytes(),
                                                   "; it can be ", limits_.bytes, " at most"));
  }
  source_ = std::make_unique<HttpSource>(
      RemoteFile{.url = remote.url(), .size = remote.size_bytes(), .version = remote.version()},
      fetch_, stop_.get_token());
  for (const KnownBytes& known : remote.known()) source_->AddKnown(known.offset(), known.data());
  absl::StatusOr<std::unique_ptr<MediaReader>> reader = MediaReader::Open(*source_, limits_);
  if (!reader.ok()) return reader.status();
  reader_ = *std::move(reader);
  request_.mutable_remote()->clear_known();
  return request_.begin_sample() == 0 ? absl::OkStatus() : reader_->Seek(request_.begin_sample());
}

// Adds the next samples; lets the reader go at the end.
absl::Status ChunkSource::Decode() {
  absl::StatusOr<Samples> samples = reader_->Read();
  if (!samples.ok()) return samples.status();
  const uint64_t begin = reader_->position() - samples->size();
  const uint64_t end =
      request_.has_end_sample() ? request_.end_sample() : std::numeric_limits<uint64_t>::max();
  if (begin + samples->size() >= end) {
    samples->resize(end - std::min(end, begin));
  }
  cutter_->Add(*samples);
  if (samples->empty() || begin + samples->size() >= end) reader_.reset();
  return absl::OkStatus();
}

}  // namespace transcribe
