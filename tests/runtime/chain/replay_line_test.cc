#include "chains/chain/replay_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ReplayedRequest Differing(std::string then, std::string now) {
  return {.number = 1,
          .recorded = {.replies = {std::move(then)}, .status = {}},
          .now = {.replies = {std::move(now)}, .status = {}}};
}

TEST(ReplayLine, OfARequestThatWentAsRecordedHasNoDifferences) {
  ReplayedRequest same = Differing(R"({"text":"a"})", R"({"text":"a"})");
  same.same = true;
  EXPECT_EQ(ReplayLine(same),
            R"({"request":1,"same":true,"recorded":{"code":"OK","replies":[{"text":"a"}]},)"
            R"("now":{"code":"OK","replies":[{"text":"a"}]}})");
}

TEST(ReplayLine, SaysWhereTheEndsPart) {
  EXPECT_THAT(ReplayLine(Differing(R"({"a/b":[1,{"x~":"old"}],"gone":true})",
                                   R"({"a/b":[1,{"x~":"new"},3]})")),
              HasSubstr(R"("differs":[)"
                        R"({"at":"/replies/0/a~1b/1/x~0","recorded":"old","now":"new"},)"
                        R"({"at":"/replies/0/a~1b/2","now":3},)"
                        R"({"at":"/replies/0/gone","recorded":true}])"));
}

TEST(ReplayLine, AFailureDiffersByItsCodeMessageAndReplies) {
  ReplayedRequest failed = Differing("17", "18");
  failed.now = {.replies = {}, .status = absl::UnavailableError("no \"model\"")};
  failed.incomplete = true;
  failed.not_called = {"zoo.Leaf/RunRemote"};
  EXPECT_EQ(ReplayLine(failed),
            R"({"request":1,"same":false,"incomplete":true,)"
            R"("recorded":{"code":"OK","replies":[17]},)"
            R"("now":{"code":"UNAVAILABLE","message":"no \"model\"","replies":[]},)"
            R"("differs":[{"at":"/code","recorded":"OK","now":"UNAVAILABLE"},)"
            R"({"at":"/message","now":"no \"model\""},{"at":"/replies/0","recorded":17}],)"
            R"("not_called":["zoo.Leaf/RunRemote"]})");
}

TEST(ReplayLine, WhatIsNoJsonIsText) {
  EXPECT_THAT(
      ReplayLine(Differing("cannot be \"read\"", "1")),
      HasSubstr(R"("differs":[{"at":"/replies/0","recorded":"cannot be \"read\"","now":1}])"));
}

TEST(ReplayLine, TellsSoManyDifferencesAndNoMore) {
  std::string many = "[";
  for (int i = 0; i < 300; ++i) many += "1,";
  const std::string line = ReplayLine(Differing(many + "1]", "[]"));
  EXPECT_THAT(line, HasSubstr(R"("at":"/replies/0/99")"));
  EXPECT_THAT(line, Not(HasSubstr(R"("at":"/replies/0/100")")));
}

TEST(ReplayLine, OfWhatCannotBeReplayedAndOfAll) {
  EXPECT_EQ(ReplayLine(3, absl::NotFoundError("no entry")),
            R"({"request":3,"same":false,"problem":{"code":"NOT_FOUND","message":"no entry"}})");
  EXPECT_EQ(ReplaySumLine(3, 1), R"({"replayed":3,"as_recorded":1})");
}

}  // namespace
}  // namespace chains
