#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "joiner.h"
#include "media_file.h"
#include "params.h"
#include "splitter.h"
#include "transcribe_chain.h"

namespace transcribe {
namespace {

using Outcomes = std::vector<absl::StatusOr<RecognizeResponse>>;

RecognizeRequest MakeRequest(const Samples& samples, const Chunk& chunk) {
  RecognizeRequest request;
  request.set_pcm(ToPcm(std::span(samples).subspan(chunk.begin, chunk.size())));
  request.set_sampling_rate_hz(kSampleRate);
  return request;
}

// OK when there is a text to answer with, if only for one chunk.
absl::Status AnyText(const Outcomes& outcomes) {
  if (std::ranges::any_of(outcomes, [](const auto& outcome) { return outcome.ok(); })) {
    return absl::OkStatus();
  }
  return outcomes.empty() ? absl::OkStatus() : outcomes.front().status();
}

TranscribeResponse MakeResponse(std::vector<Segment> segments, size_t samples,
                                absl::Duration processing) {
  TranscribeResponse response;
  for (Segment& segment : segments) *response.add_segments() = std::move(segment);
  response.set_input_duration_sec(Seconds(samples));
  response.set_processing_duration_sec(absl::ToDoubleSeconds(processing));
  if (processing > absl::ZeroDuration()) {
    response.set_speedup(response.input_duration_sec() / response.processing_duration_sec());
  }
  return response;
}

}  // namespace

chains::Task<TranscribeResponse> Transcriber::RunRemote(TranscribeRequest request) {
  const absl::Time start = absl::Now();
  const SplitOptions options = co_await ReadParams(request.params());
  const Samples samples = co_await chains::Blocking([&] { return Decode(request); });
  const std::vector<Chunk> chunks =
      co_await chains::Blocking([&] { return Split(samples, options); });

  std::vector<chains::Task<RecognizeResponse>> calls;
  calls.reserve(chunks.size());
  for (const Chunk& chunk : chunks) {
    calls.push_back(recognizer_.RunRemote(MakeRequest(samples, chunk)));
  }
  const Outcomes outcomes = co_await chains::AllSettled(std::move(calls));
  co_await AnyText(outcomes);
  co_return MakeResponse(Join(chunks, outcomes), samples.size(), absl::Now() - start);
}

absl::StatusOr<Samples> Transcriber::Decode(const TranscribeRequest& request) const {
  switch (request.source_case()) {
    case TranscribeRequest::kMedia:
      return DecodeAudio(request.media(), limits_.audio);
    case TranscribeRequest::kMediaPath: {
      if (media_folder_.empty()) {
        return absl::PermissionDeniedError(
            "media_path: no folder is allowed here; the operator can name one with --data-dir");
      }
      const absl::StatusOr<std::string> file =
          ReadMediaFile(media_folder_, request.media_path(), limits_.bytes);
      if (!file.ok()) return file.status();
      return DecodeAudio(*file, limits_.audio);
    }
    case TranscribeRequest::SOURCE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("media and media_path are missing: give one of them");
}

}  // namespace transcribe
