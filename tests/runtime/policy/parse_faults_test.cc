// The text of faults: what it means, and that nothing senseless is taken.
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "chains/policy/faults.h"
#include "chains/testing/status_matchers.h"

namespace chains {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;
using Kind = FaultEffect::Kind;

TEST(ParseFaultsTest, ReadsWhatStrikesAndHowOften) {
  const absl::StatusOr<Faults> faults =
      ParseFaults(" hello.SayHello : 1% UNAVAILABLE, 5% +200ms ,0.5% hangs,100% corrupt ");
  ASSERT_TRUE(faults.ok()) << faults.status();
  ASSERT_EQ(faults->size(), 1u);
  const FaultRule& rule = faults->front();
  EXPECT_EQ(rule.chainlet, "hello.SayHello");
  ASSERT_EQ(rule.effects.size(), 4u);
  EXPECT_EQ(rule.effects[0].kind, Kind::kFails);
  EXPECT_EQ(rule.effects[0].code, absl::StatusCode::kUnavailable);
  EXPECT_DOUBLE_EQ(rule.effects[0].share, 0.01);
  EXPECT_EQ(rule.effects[1].kind, Kind::kDelays);
  EXPECT_EQ(rule.effects[1].delay, absl::Milliseconds(200));
  EXPECT_DOUBLE_EQ(rule.effects[2].share, 0.005);
  EXPECT_EQ(rule.effects[2].kind, Kind::kHangs);
  EXPECT_DOUBLE_EQ(rule.effects[3].share, 1);
  EXPECT_EQ(rule.effects[3].kind, Kind::kCorrupts);
}

TEST(ParseFaultsTest, ADelayMayVaryAndAFailureMayComeAfterTheWork) {
  const absl::StatusOr<Faults> faults = ParseFaults("A: 5% +200ms~50ms; *: 2% INTERNAL after");
  ASSERT_TRUE(faults.ok()) << faults.status();
  ASSERT_EQ(faults->size(), 2u);
  EXPECT_EQ((*faults)[0].effects[0].jitter, absl::Milliseconds(50));
  EXPECT_EQ((*faults)[1].chainlet, "*");
  EXPECT_EQ((*faults)[1].effects[0].kind, Kind::kFailsAfter);
  EXPECT_EQ((*faults)[1].effects[0].code, absl::StatusCode::kInternal);
}

TEST(ParseFaultsTest, AFaultMayHaveItsTime) {
  const absl::StatusOr<Faults> faults = ParseFaults("A: 5% +200ms from 10s to 1m, 1% hangs");
  ASSERT_TRUE(faults.ok()) << faults.status();
  EXPECT_EQ((*faults)[0].effects[0].from, absl::Seconds(10));
  EXPECT_EQ((*faults)[0].effects[0].to, absl::Minutes(1));
  EXPECT_EQ((*faults)[0].effects[1].to, absl::InfiniteDuration());
}

TEST(ParseFaultsTest, QuotesWhatItDoesNotUnderstand) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "has no rule"},
      {"1% UNAVAILABLE", "which chainlet"},
      {"Say Hello: 1% hangs", "is no chainlet"},
      {"A: UNAVAILABLE", "is not a share"},
      {"A: 1 UNAVAILABLE", "a share above 0%"},
      {"A: 0% UNAVAILABLE", "a share above 0%"},
      {"A: 101% UNAVAILABLE", "a share above 0%"},
      {"A: nan% UNAVAILABLE", "a share above 0%"},
      {"A: 1% OK", "is no fault"},
      {"A: 1% BROKEN", "is no fault"},
      {"A: 1% +soon", "no duration"},
      {"A: 1% +-5ms", "no duration"},
      {"A: 1% +inf", "no duration"},
      {"A: 1% +25h", "no duration"},
      {"A: 1% +1ms~2ms", "varies by more"},
      {"A: 1% UNAVAILABLE before", "\"after\""},
      {"A: 1% hangs after", "is no fault"},
      {"A: 1% hangs from 2s to 1s", "ends before it begins"},
      {"A: 1% hangs from now to 1s", "no duration"},
      {"A: 1% from 1s to 2s", "is no fault"},
      {"A:", "is not a share"},
      {"A: 1% hangs,", "is not a share"},
  };
  for (const auto& [text, why] : wrong) {
    EXPECT_THAT(ParseFaults(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why)))
        << text;
  }
}

TEST(ParseFaultsTest, HasABound) {
  std::string rules;
  for (int i = 0; i < 64; ++i) rules += "A: 1% hangs;";
  EXPECT_TRUE(ParseFaults(rules).ok());
  EXPECT_THAT(ParseFaults(rules + "A: 1% hangs"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64 are the most")));
  std::string effects = "A: 1% hangs";
  for (int i = 0; i < 64; ++i) effects += ",1% hangs";
  EXPECT_THAT(ParseFaults(effects),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 64")));
}

TEST(ParseFaultsTest, AShortNameMeansTheChainletOfAnyPackage) {
  EXPECT_TRUE(Means({.chainlet = "SayHello", .effects = {}}, "hello.SayHello"));
  EXPECT_TRUE(Means({.chainlet = "hello.SayHello", .effects = {}}, "hello.SayHello"));
  EXPECT_TRUE(Means({.chainlet = "*", .effects = {}}, "hello.SayHello"));
  EXPECT_FALSE(Means({.chainlet = "Hello", .effects = {}}, "hello.SayHello"));
  EXPECT_FALSE(Means({.chainlet = "o.SayHello", .effects = {}}, "hello.SayHello"));
}

}  // namespace
}  // namespace chains
