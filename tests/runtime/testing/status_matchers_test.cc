// Status matchers: what they match, and what they say.
#include "chains/testing/status_matchers.h"

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace chains::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;

template <typename Value, typename Matcher>
std::string Explain(const Value& value, const Matcher& matcher) {
  ::testing::StringMatchResultListener listener;
  const ::testing::Matcher<const Value&> typed = matcher;
  typed.MatchAndExplain(value, &listener);
  return listener.str();
}
template <typename Value, typename Matcher>
std::string Describe(const Matcher& matcher) {
  const ::testing::Matcher<const Value&> typed = matcher;
  std::ostringstream text;
  typed.DescribeTo(&text);
  return text.str();
}

const absl::Status kMissing = absl::NotFoundError("no such poem");
const absl::StatusOr<int> kSeven = 7;
const absl::StatusOr<int> kNone = kMissing;

TEST(StatusIsTest, MatchesStatusAndStatusOr) {
  EXPECT_THAT(kMissing, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(kNone, StatusIs(absl::StatusCode::kNotFound, "no such poem"));
  EXPECT_THAT(kNone, StatusIs(absl::StatusCode::kNotFound, HasSubstr("poem")));
  EXPECT_THAT(kNone, StatusIs(AnyOf(absl::StatusCode::kNotFound, absl::StatusCode::kAborted)));
  EXPECT_THAT(kNone, Not(StatusIs(absl::StatusCode::kAborted)));
  EXPECT_THAT(kNone, Not(StatusIs(absl::StatusCode::kNotFound, "another")));
  EXPECT_THAT(kSeven, Not(StatusIs(absl::StatusCode::kNotFound)));
}

TEST(StatusIsTest, SaysWhatItGot) {
  EXPECT_EQ(Explain(kMissing, StatusIs(absl::StatusCode::kAborted)),
            "which is NOT_FOUND: no such poem");
}

TEST(IsOkTest, MatchesStatusAndStatusOr) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(kSeven, IsOk());
  EXPECT_THAT(kMissing, Not(IsOk()));
  EXPECT_THAT(kNone, Not(IsOk()));
}

TEST(IsOkAndHoldsTest, MatchesTheValue) {
  EXPECT_THAT(kSeven, IsOkAndHolds(7));
  EXPECT_THAT(kSeven, IsOkAndHolds(Gt(6)));
  EXPECT_THAT(kSeven, Not(IsOkAndHolds(8)));
  EXPECT_THAT(kNone, Not(IsOkAndHolds(7)));
  const absl::StatusOr<std::string> text = "text";
  EXPECT_THAT(text, IsOkAndHolds("text"));
  const absl::StatusOr<std::vector<absl::StatusOr<int>>> nested =
      std::vector<absl::StatusOr<int>>{1, kMissing};
  EXPECT_THAT(nested,
              IsOkAndHolds(ElementsAre(IsOkAndHolds(1), StatusIs(absl::StatusCode::kNotFound))));
}

TEST(IsOkAndHoldsTest, TakesWhatCanOnlyBeMoved) {
  const absl::StatusOr<std::unique_ptr<int>> owned = std::make_unique<int>(3);
  EXPECT_THAT(owned, IsOkAndHolds(Pointee(3)));
}

TEST(IsOkAndHoldsTest, SaysWhatItWantsAndGot) {
  EXPECT_EQ(Explain(kNone, IsOkAndHolds(7)), "which is NOT_FOUND: no such poem");
  EXPECT_EQ(Describe<absl::StatusOr<int>>(IsOkAndHolds(7)),
            "is OK and holds a value that is equal to 7");
}

}  // namespace
}  // namespace chains::testing
