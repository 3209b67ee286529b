#include "deploy/platform/plan.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/deploy/platform/made_chains.h"

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Price ← Total; of the second version Price has other code.
class PlanTest : public ::testing::Test {
 protected:
  RunningReplica Of(const Revision& revision, const std::string& chainlet,
                    const std::string& name) const {
    return {.name = name,
            .unit = revision.UnitOf(chainlet)->key,
            .revision = revision.number,
            .ready = true,
            .starting = false,
            .unfit = false,
            .draining = false};
  }
  Wanted Live(const Revision& revision, int each = 1) const {
    Wanted wanted{
        .live = &revision, .pending = nullptr, .replace = false, .replicas = {}, .retired = {}};
    for (const Unit& unit : revision.units) wanted.replicas[unit.key] = each;
    return wanted;
  }
  Wanted Exchange(bool replace = false) const {
    Wanted wanted = Live(v1_);
    wanted.pending = &v2_;
    wanted.replace = replace;
    for (const Unit& unit : v2_.units) wanted.replicas[unit.key] = 1;
    return wanted;
  }
  static std::vector<std::string> Started(const Actions& actions) {
    std::vector<std::string> units;
    for (const Actions::Start& start : actions.start) units.push_back(start.unit);
    return units;
  }

  const Revision v1_ =
      MakeTestRevision({{.name = "shop.Price"}, {.name = "shop.Total", .calls = {"shop.Price"}}});
  const Revision v2_ = MakeTestRevision({{.name = "shop.Price", .calls = {}, .code = "new"},
                                         {.name = "shop.Total", .calls = {"shop.Price"}}},
                                        2);
  const Revision v3_ =
      MakeTestRevision({{.name = "shop.Price", .calls = {}, .code = "newer"},
                        {.name = "shop.Total", .calls = {"shop.Price"}, .code = "newer"}},
                       3);
};

TEST_F(PlanTest, StartsWhatIsMissing) {
  const Actions actions = MakePlan(Live(v1_, 2), {Of(v1_, "shop.Price", "p1")});
  EXPECT_THAT(Started(actions),
              UnorderedElementsAre(v1_.UnitOf("shop.Price")->key, v1_.UnitOf("shop.Total")->key,
                                   v1_.UnitOf("shop.Total")->key));
  EXPECT_THAT(actions.drain, IsEmpty());
}

TEST_F(PlanTest, DrainsTheNewestOfTooManyAndFirstWhoIsNotReady) {
  std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"), Of(v1_, "shop.Price", "p2"),
                                          Of(v1_, "shop.Price", "p3"), Of(v1_, "shop.Total", "t1")};
  EXPECT_THAT(MakePlan(Live(v1_), replicas).drain, UnorderedElementsAre("p3", "p2"));
  replicas[0].ready = false;
  EXPECT_THAT(MakePlan(Live(v1_), replicas).drain, UnorderedElementsAre("p1", "p3"));
}

TEST_F(PlanTest, WhoDrainsIsNotCounted) {
  std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"), Of(v1_, "shop.Total", "t1")};
  replicas[0].draining = true;
  EXPECT_THAT(Started(MakePlan(Live(v1_), replicas)), ElementsAre(v1_.UnitOf("shop.Price")->key));
}

TEST_F(PlanTest, StartsTheNewBesideTheOldAndLeavesWhatIsTheSame) {
  const std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"),
                                                Of(v1_, "shop.Total", "t1")};
  const Actions actions = MakePlan(Exchange(), replicas);
  EXPECT_THAT(Started(actions), ElementsAre(v2_.UnitOf("shop.Price")->key));
  EXPECT_TRUE(actions.start[0].of_pending);
  EXPECT_THAT(actions.drain, IsEmpty());
  EXPECT_FALSE(actions.pending_is_ready);
}

TEST_F(PlanTest, ThePendingIsReadyWithoutWhatItCanDoWithout) {
  // Total can do without Advice, which needs Model; Price is needed.
  const Revision soft = MakeTestRevision(
      {{.name = "shop.Price"},
       {.name = "shop.Model"},
       {.name = "shop.Advice", .calls = {"shop.Model"}},
       {.name = "shop.Total", .calls = {"shop.Price"}, .softly_calls = {"shop.Advice"}}},
      2);
  Wanted wanted = Live(soft);
  wanted.live = nullptr;
  wanted.pending = &soft;
  EXPECT_FALSE(MakePlan(wanted, {Of(soft, "shop.Total", "t")}).pending_is_ready);
  const Actions actions =
      MakePlan(wanted, {Of(soft, "shop.Total", "t"), Of(soft, "shop.Price", "p")});
  EXPECT_TRUE(actions.pending_is_ready);
  // They are wanted all the same.
  EXPECT_THAT(Started(actions), UnorderedElementsAre(soft.UnitOf("shop.Advice")->key,
                                                     soft.UnitOf("shop.Model")->key));
}

TEST_F(PlanTest, ThePendingIsReadyWhenAllOfItIs) {
  std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"), Of(v1_, "shop.Total", "t1"),
                                          Of(v2_, "shop.Price", "p2")};
  replicas[2].ready = false;
  EXPECT_FALSE(MakePlan(Exchange(), replicas).pending_is_ready);
  replicas[2].ready = true;
  const Actions actions = MakePlan(Exchange(), replicas);
  EXPECT_TRUE(actions.pending_is_ready);
  EXPECT_THAT(actions.start, IsEmpty());
  EXPECT_THAT(actions.drain, IsEmpty());
}

TEST_F(PlanTest, CallersOfARetiredRevisionLeaveBeforeThoseTheyCall) {
  Wanted wanted = Live(v3_);
  wanted.retired[1] = &v1_;
  std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"), Of(v1_, "shop.Total", "t1"),
                                          Of(v3_, "shop.Price", "p3"), Of(v3_, "shop.Total", "t3")};
  EXPECT_THAT(MakePlan(wanted, replicas).drain, ElementsAre("t1"));
  replicas[1].draining = true;  // it still finishes what it has
  EXPECT_THAT(MakePlan(wanted, replicas).drain, IsEmpty());
  replicas.erase(replicas.begin() + 1);
  EXPECT_THAT(MakePlan(wanted, replicas).drain, ElementsAre("p1"));
}

TEST_F(PlanTest, ReplacesByDrainingTheOldFirst) {
  std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"), Of(v1_, "shop.Total", "t1")};
  Actions actions = MakePlan(Exchange(/*replace=*/true), replicas);
  EXPECT_THAT(actions.drain, ElementsAre("p1"));
  EXPECT_THAT(actions.start, IsEmpty());
  replicas[0].draining = true;
  EXPECT_THAT(MakePlan(Exchange(true), replicas).start, IsEmpty());
  replicas.erase(replicas.begin());
  EXPECT_THAT(Started(MakePlan(Exchange(true), replicas)),
              ElementsAre(v2_.UnitOf("shop.Price")->key));
}

TEST_F(PlanTest, BringsTheOldBackWhenTheReplacementIsGivenUp) {
  const std::vector<RunningReplica> replicas = {Of(v1_, "shop.Total", "t1")};
  EXPECT_THAT(Started(MakePlan(Live(v1_), replicas)), ElementsAre(v1_.UnitOf("shop.Price")->key));
}

TEST_F(PlanTest, WhoIsUnfitStaysUntilAnotherIsReady) {
  std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"), Of(v1_, "shop.Total", "t1")};
  replicas[0].unfit = true;
  replicas[0].ready = false;
  Actions actions = MakePlan(Live(v1_), replicas);
  EXPECT_THAT(Started(actions), ElementsAre(v1_.UnitOf("shop.Price")->key));
  EXPECT_THAT(actions.drain, IsEmpty());
  replicas.push_back(Of(v1_, "shop.Price", "p2"));
  EXPECT_THAT(MakePlan(Live(v1_), replicas).drain, ElementsAre("p1"));
}

TEST_F(PlanTest, WhoIsUnfitAndNeverStartedIsNotWaitedFor) {
  std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"), Of(v1_, "shop.Total", "t1")};
  replicas[0].unfit = replicas[0].starting = true;
  replicas[0].ready = false;
  const Actions actions = MakePlan(Live(v1_), replicas);
  EXPECT_THAT(Started(actions), ElementsAre(v1_.UnitOf("shop.Price")->key));
  EXPECT_THAT(actions.drain, ElementsAre("p1"));
}

TEST_F(PlanTest, NothingIsWantedOfADeploymentThatIsOff) {
  Wanted wanted;
  wanted.retired[1] = &v1_;
  const std::vector<RunningReplica> replicas = {Of(v1_, "shop.Price", "p1"),
                                                Of(v1_, "shop.Total", "t1")};
  EXPECT_THAT(MakePlan(wanted, replicas).drain, ElementsAre("t1"));
}

}  // namespace
}  // namespace chains::deploy
