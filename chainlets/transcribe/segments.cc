#include "segments.h"

#include <string>

#include "audio.h"

namespace transcribe {

Segment ToSegment(uint64_t begin, uint64_t end, const absl::StatusOr<RecognizeResponse>& heard) {
  if (!heard.ok()) return ToFailedSegment(Seconds(begin), Seconds(end), heard.status());
  Segment segment;
  segment.set_start_time_sec(Seconds(begin));
  segment.set_end_time_sec(Seconds(end));
  segment.set_text(heard->text());
  segment.set_language(heard->language());
  segment.set_language_code(heard->language_code());
  return segment;
}

Segment ToFailedSegment(double begin, double end, const absl::Status& failure) {
  Segment segment;
  segment.set_start_time_sec(begin);
  segment.set_end_time_sec(end);
  segment.mutable_error()->set_code(absl::StatusCodeToString(failure.code()));
  segment.mutable_error()->set_message(std::string(failure.message()));
  return segment;
}

absl::Status StatusOf(const Segment& segment) {
  if (!segment.has_error()) return absl::OkStatus();
  for (int code = 1; code <= 16; ++code) {
    if (absl::StatusCodeToString(static_cast<absl::StatusCode>(code)) == segment.error().code()) {
      return {static_cast<absl::StatusCode>(code), segment.error().message()};
    }
  }
  return absl::UnknownError(segment.error().message());
}

}  // namespace transcribe
