#include "deploy/platform/names.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(NamesTest, AreMadeOfWhatCannotBeMistaken) {
  for (int i = 0; i < 200; ++i) {
    EXPECT_THAT(*NewDeploymentId(), MatchesRegex("[a-hjkmnp-z2-9]{8}"));
    EXPECT_THAT(*NewReplicaSuffix(), MatchesRegex("[a-hjkmnp-z2-9]{5}"));
    EXPECT_THAT(*NewToken(), MatchesRegex("[a-hjkmnp-z2-9]{32}"));
  }
}

TEST(NamesTest, DoNotComeTwice) {
  std::set<std::string> tokens;
  for (int i = 0; i < 1000; ++i) tokens.insert(*NewToken());
  EXPECT_EQ(tokens.size(), 1000u);
}

TEST(NamesTest, OfAProcessAreThoseOfItsChainlets) {
  EXPECT_EQ(ShortNames({"hello.SayHello"}), "SayHello");
  EXPECT_EQ(ShortNames({"a.b.One", "Two"}), "One+Two");
}

TEST(NamesTest, AreRefusedWhereTheyCouldBeMoreThanAName) {
  for (const std::string& good : {std::string("a"), std::string("A-1_b"), std::string(63, 'x')}) {
    EXPECT_THAT(CheckName("secret", good), IsOk()) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string(64, 'x'), std::string("../a"), std::string("a/b"),
        std::string("a b"), std::string("a\0b", 3), std::string("ä"), std::string("a=b")}) {
    EXPECT_THAT(CheckName("secret", bad),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("secret '")))
        << bad;
  }
}

TEST(NamesTest, APromotionRemembersWhatWasBefore) {
  Model model{Capacity{}};
  state::EnvironmentRecord record = Promoted(model, "shop", "production", "d1");
  EXPECT_EQ(record.chain(), "shop");
  EXPECT_EQ(record.name(), "production");
  EXPECT_EQ(record.deployment(), "d1");
  EXPECT_EQ(record.previous(), "");
  EXPECT_GT(record.created_unix_ms(), 0);
  (*record.mutable_scaling())["shop.Price"].set_min_replica(2);
  model.environments[{"shop", "production"}] = record;
  record = Promoted(model, "shop", "production", "d2");
  EXPECT_EQ(record.deployment(), "d2");
  EXPECT_EQ(record.previous(), "d1");
  EXPECT_EQ(record.scaling().at("shop.Price").min_replica(), 2);
  model.environments[{"shop", "production"}] = record;
  // To promote what is there already loses nothing.
  EXPECT_EQ(Promoted(model, "shop", "production", "d2").previous(), "d1");
}

}  // namespace
}  // namespace chains::deploy
