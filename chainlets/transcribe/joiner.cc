#include "joiner.h"

#include <cassert>
#include <string>

#include "audio.h"

namespace transcribe {
namespace {

Segment ToSegment(const Chunk& chunk, const absl::StatusOr<RecognizeResponse>& outcome) {
  Segment segment;
  segment.set_start_time_sec(Seconds(chunk.begin));
  segment.set_end_time_sec(Seconds(chunk.end));
  if (outcome.ok()) {
    segment.set_text(outcome->text());
    segment.set_language(outcome->language());
    segment.set_language_code(outcome->language_code());
  } else {
    segment.mutable_error()->set_code(absl::StatusCodeToString(outcome.status().code()));
    segment.mutable_error()->set_message(std::string(outcome.status().message()));
  }
  return segment;
}

}  // namespace

std::vector<Segment> Join(std::span<const Chunk> chunks,
                          std::span<const absl::StatusOr<RecognizeResponse>> outcomes) {
  assert(chunks.size() == outcomes.size());
  std::vector<Segment> segments;
  segments.reserve(chunks.size());
  for (size_t i = 0; i < chunks.size(); ++i) segments.push_back(ToSegment(chunks[i], outcomes[i]));
  return segments;
}

}  // namespace transcribe
