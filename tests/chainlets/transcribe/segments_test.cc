#include "segments.h"

#include <gtest/gtest.h>

#include "absl/status/status.h"

namespace transcribe {
namespace {

TEST(SegmentsTest, KeepTimesAndWords) {
  RecognizeResponse heard;
  heard.set_text("on");
  heard.set_language("English");
  heard.set_language_code("en");
  const Segment segment = ToSegment(16'000, 40'000, heard);
  EXPECT_EQ(segment.text(), "on");
  EXPECT_EQ(segment.start_time_sec(), 1);
  EXPECT_EQ(segment.end_time_sec(), 2.5);
  EXPECT_EQ(segment.language(), "English");
  EXPECT_EQ(segment.language_code(), "en");
  EXPECT_FALSE(segment.has_error());
  EXPECT_EQ(StatusOf(segment), absl::OkStatus());
}

TEST(SegmentsTest, AFailureIsTheErrorOfItsSegment) {
  const Segment segment = ToSegment(0, 16'000, absl::UnavailableError("no replica left"));
  EXPECT_EQ(segment.error().code(), "UNAVAILABLE");
  EXPECT_EQ(segment.error().message(), "no replica left");
  EXPECT_EQ(segment.text(), "");
  EXPECT_EQ(segment.end_time_sec(), 1);
}

TEST(SegmentsTest, EveryFailureCanBeReadBack) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status failure(static_cast<absl::StatusCode>(code), "why");
    EXPECT_EQ(StatusOf(ToFailedSegment(0, 1, failure)), failure);
  }
  Segment strange;
  strange.mutable_error()->set_code("NO_SUCH_CODE");
  EXPECT_EQ(StatusOf(strange).code(), absl::StatusCode::kUnknown);
}

}  // namespace
}  // namespace transcribe
