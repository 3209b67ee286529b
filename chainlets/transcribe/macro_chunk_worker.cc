#include <deque>
#include <optional>
#include <utility>

#include "chunk_source.h"
#include "segments.h"
#include "transcribe_chain.h"

namespace transcribe {
namespace {

// How many chunks are decoded before the first of them is recognized.
constexpr size_t kAhead = 64;

struct Recognizing {
  uint64_t begin;
  uint64_t end;
  chains::Started<RecognizeResponse> response;
};

RecognizeRequest MakeRequest(const Piece& piece) {
  RecognizeRequest request;
  request.set_pcm(ToPcm(piece.samples));
  request.set_sampling_rate_hz(kSampleRate);
  return request;
}

}  // namespace

chains::Stream<Segment> ChunkTranscriber::RunRemote(MacroChunkRequest request) {
  const FetchSettings fetch = co_await fetch_;
  ChunkSource chunks(std::move(request), fetch, limits_);
  absl::StatusOr<std::optional<Piece>> piece;
  std::deque<Recognizing> recognizing;
  bool ended = false;
  while (true) {
    while (!ended && recognizing.size() < kAhead &&
           (recognizing.empty() || !recognizing.front().response.done())) {
      co_await chains::Blocking([&](const std::stop_token& stop) { piece = chunks.Next(stop); });
      ended = !piece.ok() || !piece->has_value();
      if (ended) break;
      chains::Task<RecognizeResponse> call = recognizer_.RunRemote(MakeRequest(**piece));
      chains::Started<RecognizeResponse> started = co_await chains::Start(std::move(call));
      recognizing.push_back({(*piece)->begin, (*piece)->end(), std::move(started)});
    }
    if (recognizing.empty()) break;
    Recognizing& first = recognizing.front();
    const absl::StatusOr<RecognizeResponse> heard =
        co_await chains::Outcome(first.response.Result());
    Segment segment = ToSegment(first.begin, first.end, heard);
    recognizing.pop_front();
    co_yield std::move(segment);
  }
  co_await piece.status();
}

}  // namespace transcribe
