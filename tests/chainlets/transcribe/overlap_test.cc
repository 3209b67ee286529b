#include "overlap.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace transcribe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Segment Said(double start, double end, const char* text) {
  Segment segment;
  segment.set_start_time_sec(start);
  segment.set_end_time_sec(end);
  segment.set_text(text);
  return segment;
}

std::vector<std::string> Lines(const std::vector<Segment>& segments) {
  std::vector<std::string> lines;
  for (const Segment& each : segments) {
    lines.push_back(
        absl::StrCat(each.start_time_sec(), "-", each.end_time_sec(), " ", each.text()));
  }
  return lines;
}

TEST(JoinAtTest, JoinsAtTheWordsThatBothHeard) {
  EXPECT_THAT(Lines(JoinAt(10, {Said(5, 10, "see the quick bro")},
                           {Said(8, 14, "a quick brown fox jumps")})),
              ElementsAre("5-10 see the quick", "10-14 brown fox jumps"));
}

TEST(JoinAtTest, TakesTheLongestRun) {
  EXPECT_THAT(Lines(JoinAt(10, {Said(5, 10, "the cat and the other dog")},
                           {Said(8, 14, "the and the other dog ran")})),
              ElementsAre("5-10 the cat and the other dog", "10-14 ran"));
}

TEST(JoinAtTest, WithoutARunTheFirstKeepsWhatLiesBeforeTheCut) {
  EXPECT_THAT(
      Lines(JoinAt(10, {Said(5, 10, "one two")}, {Said(8, 10, "won to"), Said(10, 14, "three")})),
      ElementsAre("5-10 one two", "10-14 three"));
}

TEST(JoinAtTest, WordsBeforeTheCutThatOnlyTheSecondHeardAreTheFirstsLast) {
  EXPECT_THAT(Lines(JoinAt(10, {Said(5, 10, "one two t")},
                           {Said(7, 10, "two three"), Said(10, 14, "four")})),
              ElementsAre("5-10 one two three", "10-14 four"));
}

TEST(JoinAtTest, IgnoresCase) {
  EXPECT_THAT(Lines(JoinAt(10, {Said(5, 10, "Hello World")}, {Said(9, 14, "world again")})),
              ElementsAre("5-10 Hello World", "10-14 again"));
}

TEST(OverlapJoinerTest, PassesOnWhatDoesNotOverlap) {
  OverlapJoiner joiner;
  joiner.Begin({.begin = 0, .cut = 0, .end = 10, .overlap = 0});
  EXPECT_THAT(Lines(joiner.Add(Said(0, 5, "a"))), ElementsAre("0-5 a"));
  EXPECT_THAT(Lines(joiner.Add(Said(5, 10, "b"))), ElementsAre("5-10 b"));
  joiner.Begin({.begin = 10, .cut = 10});
  EXPECT_THAT(Lines(joiner.Add(Said(10, 15, "c"))), ElementsAre("10-15 c"));
  EXPECT_THAT(Lines(joiner.End()), IsEmpty());
}

TEST(OverlapJoinerTest, HoldsBackWhatTheNextChunkRepeats) {
  OverlapJoiner joiner;
  joiner.Begin({.begin = 0, .cut = 0, .end = 10, .overlap = 2});
  EXPECT_THAT(Lines(joiner.Add(Said(0, 5, "a b"))), ElementsAre("0-5 a b"));
  EXPECT_THAT(Lines(joiner.Add(Said(5, 10, "c d"))), IsEmpty());
  joiner.Begin({.begin = 8, .cut = 10, .end = 20, .overlap = 2});
  EXPECT_THAT(Lines(joiner.Add(Said(8, 13, "d e"))), IsEmpty());
  EXPECT_THAT(Lines(joiner.Add(Said(13, 17, "f"))), ElementsAre("5-10 c d", "10-13 e", "13-17 f"));
  EXPECT_THAT(Lines(joiner.Add(Said(17, 20, "g"))), IsEmpty());
  joiner.Begin({.begin = 18, .cut = 20});
  EXPECT_THAT(Lines(joiner.Add(Said(18, 22, "g h"))), IsEmpty());
  EXPECT_THAT(Lines(joiner.End()), ElementsAre("17-20 g", "20-22 h"));
}

TEST(OverlapJoinerTest, LeavesOutNothingWhenAChunkIsSilent) {
  OverlapJoiner joiner;
  joiner.Begin({.begin = 0, .cut = 0, .end = 10, .overlap = 2});
  EXPECT_THAT(Lines(joiner.Add(Said(5, 10, ""))), IsEmpty());
  joiner.Begin({.begin = 8, .cut = 10});
  EXPECT_THAT(Lines(joiner.Add(Said(8, 13, "x"))), IsEmpty());
  EXPECT_THAT(Lines(joiner.End()), ElementsAre("5-10 ", "10-13 x"));
}

}  // namespace
}  // namespace transcribe
