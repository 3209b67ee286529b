#include "joiner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"

namespace transcribe {
namespace {

RecognizeResponse English(const std::string& text) {
  RecognizeResponse response;
  response.set_text(text);
  response.set_language("English");
  response.set_language_code("en");
  return response;
}

TEST(JoinerTest, KeepsOrderAndTimes) {
  const std::vector<Chunk> chunks = {{0, 16'000}, {16'000, 40'000}};
  const std::vector<absl::StatusOr<RecognizeResponse>> outcomes = {English("go"), English("on")};
  const std::vector<Segment> segments = Join(chunks, outcomes);
  ASSERT_EQ(segments.size(), 2);
  EXPECT_EQ(segments[0].text(), "go");
  EXPECT_EQ(segments[0].start_time_sec(), 0);
  EXPECT_EQ(segments[0].end_time_sec(), 1);
  EXPECT_EQ(segments[0].language(), "English");
  EXPECT_EQ(segments[0].language_code(), "en");
  EXPECT_FALSE(segments[0].has_error());
  EXPECT_EQ(segments[1].text(), "on");
  EXPECT_EQ(segments[1].start_time_sec(), 1);
  EXPECT_EQ(segments[1].end_time_sec(), 2.5);
}

TEST(JoinerTest, TurnsAFailureIntoTheErrorOfItsSegment) {
  const std::vector<Chunk> chunks = {{0, 1}, {1, 2}};
  const std::vector<absl::StatusOr<RecognizeResponse>> outcomes = {
      absl::UnavailableError("no replica left"), English("on")};
  const std::vector<Segment> segments = Join(chunks, outcomes);
  ASSERT_EQ(segments.size(), 2);
  EXPECT_EQ(segments[0].error().code(), "UNAVAILABLE");
  EXPECT_EQ(segments[0].error().message(), "no replica left");
  EXPECT_EQ(segments[0].text(), "");
  EXPECT_EQ(segments[1].text(), "on");
}

}  // namespace
}  // namespace transcribe
