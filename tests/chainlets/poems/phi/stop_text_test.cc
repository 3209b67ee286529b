#include "phi/stop_text.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace poems::phi {
namespace {

using ::testing::ElementsAre;

// What comes out after each of the pieces, and at the end.
std::vector<std::string> Said(std::vector<std::string> stops,
                              const std::vector<std::string>& pieces) {
  StopText text(std::move(stops));
  std::vector<std::string> said;
  for (const std::string& piece : pieces) said.push_back(text.Add(piece));
  said.push_back(text.Finish());
  return said;
}

TEST(StopTextTest, PassesTextOn) {
  EXPECT_THAT(Said({}, {"Once", " upon", ""}), ElementsAre("Once", " upon", "", ""));
}

TEST(StopTextTest, WaitsForWholeCharacters) {
  EXPECT_THAT(Said({}, {"a\xC3", "\xA9"}), ElementsAre("a", "é", ""));
  EXPECT_THAT(Said({}, {"\xF0\x9F", "\xA6", "\x9C!"}), ElementsAre("", "", "🦜!", ""));
}

TEST(StopTextTest, ReplacesWhatIsNoCharacter) {
  EXPECT_THAT(Said({}, {"a\xFFz"}), ElementsAre("a\uFFFDz", ""));
  EXPECT_THAT(Said({}, {"\xC3", "z"}), ElementsAre("", "\uFFFDz", ""));
  EXPECT_THAT(Said({}, {"\xE2\x82"}), ElementsAre("", "\uFFFD"));
  EXPECT_THAT(Said({}, {"\xED\xA0\x80"}), ElementsAre("\uFFFD\uFFFD\uFFFD", ""));  // a surrogate
  EXPECT_THAT(Said({}, {"\xC0\xAF"}), ElementsAre("\uFFFD\uFFFD", ""));            // overlong
  EXPECT_THAT(Said({}, {"\xF4\x90\x80\x80"}), ElementsAre("\uFFFD\uFFFD\uFFFD\uFFFD", ""));
}

TEST(StopTextTest, EndsBeforeAStopString) {
  StopText text({"END"});
  EXPECT_EQ(text.Add("the END of it"), "the ");
  EXPECT_TRUE(text.stopped());
  EXPECT_EQ(text.Add("more"), "");
  EXPECT_EQ(text.Finish(), "");
}

TEST(StopTextTest, FindsStopStringsAcrossPieces) {
  EXPECT_THAT(Said({"\n\n"}, {"one\n", "\ntwo"}), ElementsAre("one", "", ""));
  EXPECT_THAT(Said({"<|end|>"}, {"so <", "|e", "nd|", ">x"}), ElementsAre("so ", "", "", "", ""));
}

TEST(StopTextTest, ReleasesWhatWasNoStopStringAfterAll) {
  EXPECT_THAT(Said({"\n\n"}, {"one\n", "two\n"}), ElementsAre("one", "\ntwo", "\n"));
  EXPECT_THAT(Said({"aab"}, {"a", "a", "a", "b"}), ElementsAre("", "", "a", "", ""));
}

TEST(StopTextTest, TakesTheFirstOfSeveral) {
  EXPECT_THAT(Said({"cd", "bcx", "b"}, {"abcd"}), ElementsAre("a", ""));
}

TEST(StopTextTest, StopsAtCharactersOfSeveralBytes) {
  EXPECT_THAT(Said({"—"}, {"a\xE2\x80", "\x94z"}), ElementsAre("a", "", ""));
}

// However the bytes are cut, the same text comes out: what is before the first stop string.
TEST(StopTextTest, SaysTheSameHoweverTheBytesAreCut) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string whole;
    for (int i = 0; i < 12; ++i)
      whole += std::vector<std::string>{"a", "b", "é", "🦜"}[random() % 4];
    const std::string stop = std::vector<std::string>{"ab", "éa", "aab", "🦜é"}[random() % 4];
    std::vector<std::string> pieces;
    for (size_t begin = 0; begin < whole.size();) {
      pieces.push_back(whole.substr(begin, 1 + random() % 3));
      begin += pieces.back().size();
    }
    std::string said;
    for (const std::string& each : Said({stop}, pieces)) said += each;
    ASSERT_EQ(said, whole.substr(0, whole.find(stop))) << whole << " stops at " << stop;
  }
}

}  // namespace
}  // namespace poems::phi
