#include "deploy/platform/controller.h"

#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class ControllerTest : public PlatformTest {
 protected:
  ControllerTest() { Control(); }

  static std::vector<MadeChainlet> Shop(const std::string& price = "p1",
                                        const std::string& total = "t1") {
    return {{.name = "shop.Price", .code = price},
            {.name = "shop.Total", .calls = {"shop.Price"}, .code = total}};
  }
  static v1::DeployRequest Published(const std::string& price = "p1") {
    v1::DeployRequest request;
    *request.mutable_bundle() = BundleOf(Shop(price));
    return request;
  }
  static v1::DeployRequest Developed(const std::string& price, const std::string& total = "t1") {
    v1::DeployRequest request;
    *request.mutable_bundle() = BundleOf(Shop(price, total));
    request.set_development(true);
    return request;
  }
  std::vector<std::string> Started(size_t since) const {
    std::vector<std::string> chainlets;
    for (size_t i = since; i < fleet_.started.size(); ++i) {
      chainlets.push_back(fleet_.started[i].chainlets.front());
    }
    return chainlets;
  }
  std::string Production() const {
    const auto* environment = model_.Environment("shop", "production");
    return environment == nullptr ? "" : environment->deployment();
  }
};

TEST_F(ControllerTest, AFirstPushIsProductionOnceAllOfItIsReady) {
  Push push(*this, Published());
  EXPECT_THAT(Started(0), UnorderedElementsAre("shop.Price", "shop.Total"));
  EXPECT_EQ(fleet_.started[0].platform, "unix:/p");
  FakeReplica price(*this, Last("shop.Price"));
  EXPECT_FALSE(push.done());
  EXPECT_EQ(Production(), "");
  FakeReplica total(*this, Last("shop.Total"));
  EXPECT_TRUE(push.live());
  EXPECT_EQ(push.last().promoted_to(), "production");
  EXPECT_EQ(Production(), push.id());
  EXPECT_THAT(total.Told("shop.Price"), ElementsAre(Last("shop.Price").name));
  // It is on the disk as well.
  const Store::Contents kept = store_->Load().value();
  EXPECT_EQ(kept.environments.at(0).deployment(), push.id());
  EXPECT_EQ(kept.deployments.at(0).bundle(), push.last().deployment().bundle());
}

TEST_F(ControllerTest, ASecondPushTakesNoTraffic) {
  Push first(*this, Published());
  FakeReplica price(*this, Last("shop.Price")), total(*this, Last("shop.Total"));
  Push second(*this, Published("p2"));
  FakeReplica price2(*this, Last("shop.Price")), total2(*this, Last("shop.Total"));
  EXPECT_TRUE(second.live());
  EXPECT_EQ(second.last().promoted_to(), "");
  EXPECT_EQ(Production(), first.id());
  EXPECT_THAT(fleet_.stopped, IsEmpty());
}

TEST_F(ControllerTest, AnExchangeKeepsWhatDidNotChange) {
  Push first(*this, Developed("p1"));
  const ReplicaSpec old_price = Last("shop.Price");
  FakeReplica price(*this, old_price), total(*this, Last("shop.Total"));
  ASSERT_TRUE(first.live());
  Push second(*this, Developed("p2"));
  EXPECT_THAT(Started(2), ElementsAre("shop.Price"));
  EXPECT_THAT(second.last().exchanged(), ElementsAre("shop.Price"));
  EXPECT_THAT(second.last().unchanged(), ElementsAre("shop.Total"));
  EXPECT_THAT(total.Told("shop.Price"), ElementsAre(old_price.name));
  FakeReplica price2(*this, Last("shop.Price"));
  EXPECT_TRUE(second.live());
  EXPECT_EQ(second.id(), first.id());
  EXPECT_THAT(total.Told("shop.Price"), ElementsAre(Last("shop.Price").name));
  Pass(absl::Seconds(1));
  EXPECT_TRUE(fleet_.HasStopped(old_price.name));
  EXPECT_THAT(fleet_.stopped, SizeIs(1));
}

TEST_F(ControllerTest, WhatCrashesIsGivenUpAndTheOldServesOn) {
  Push first(*this, Developed("p1"));
  FakeReplica price(*this, Last("shop.Price")), total(*this, Last("shop.Total"));
  Push second(*this, Developed("broken"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(second.done());
    End(first.id(), Last("shop.Price").name, "exited with 3", {"no price list", "giving up"});
    Pass(absl::Seconds(1));
  }
  EXPECT_THAT(second.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("Price did not become ready in 3 attempts"),
                             HasSubstr("exited with 3"), HasSubstr("no price list\ngiving up"))));
  const size_t started = fleet_.started.size();
  Pass(absl::Seconds(30));
  EXPECT_EQ(fleet_.started.size(), started);
  EXPECT_THAT(total.Told("shop.Price"), SizeIs(1));
  EXPECT_EQ(model_.Find(first.id())->live->number, 1u);
  EXPECT_EQ(model_.Find(first.id())->record.failure(), "");
}

TEST_F(ControllerTest, APushAfterOneThatFailedIsJudgedByItself) {
  Push first(*this, Developed("p1"));
  FakeReplica price(*this, Last("shop.Price")), total(*this, Last("shop.Total"));
  Push broken(*this, Developed("broken"));
  for (int i = 0; i < 3; ++i) {
    End(Last("shop.Price"), "exited with 3");
    Pass(absl::Seconds(1));
  }
  ASSERT_FALSE(broken.status().ok());
  Push mended(*this, Developed("p3"));
  EXPECT_FALSE(mended.done()) << mended.status();
  EXPECT_EQ(mended.last().deployment().problem(), "");
  FakeReplica price3(*this, Last("shop.Price"));
  EXPECT_TRUE(mended.live());
}

TEST_F(ControllerTest, AFirstPushThatFailsLeavesAFailedDeployment) {
  Push push(*this, Published());
  for (int i = 0; i < 3; ++i) {
    End(Last("shop.Total"), "killed by signal 11 (Segmentation fault)");
    Pass(absl::Seconds(1));
  }
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(model_.Find(push.id())->record.failure(), HasSubstr("signal 11"));
  EXPECT_EQ(Production(), "");
  EXPECT_TRUE(fleet_.HasStopped(Last("shop.Price").name));
}

TEST_F(ControllerTest, PausesGetLongerBetweenCrashesAndShortAfterAStableTime) {
  Push push(*this, Published());
  std::optional<FakeReplica> price(std::in_place, *this, Last("shop.Price"));
  FakeReplica total(*this, Last("shop.Total"));
  ASSERT_TRUE(push.live());
  std::vector<int64_t> pauses_ms;
  const auto crash = [&] {
    const absl::Time at = Now();
    const size_t started = fleet_.started.size();
    price.reset();
    End(Last("shop.Price"), "exited with 1");
    while (fleet_.started.size() == started) Pass(absl::Milliseconds(100));
    pauses_ms.push_back(absl::ToInt64Milliseconds(Now() - at));
    price.emplace(*this, Last("shop.Price"));
  };
  for (int i = 0; i < 4; ++i) crash();
  Pass(absl::Seconds(11));
  crash();
  EXPECT_THAT(pauses_ms, ElementsAre(::testing::Le(500), ::testing::Le(800),
                                     ::testing::AllOf(::testing::Ge(800), ::testing::Le(1200)),
                                     ::testing::AllOf(::testing::Ge(1600), ::testing::Le(2100)),
                                     ::testing::Le(500)));
}

TEST_F(ControllerTest, WhoIsReadyAgainHasNoProblemAnyMore) {
  Push push(*this, Published());
  std::optional<FakeReplica> price(std::in_place, *this, Last("shop.Price"));
  FakeReplica total(*this, Last("shop.Total"));
  price.reset();
  End(Last("shop.Price"), "exited with 1");
  v1::DeploymentRequest request;
  request.set_deployment(push.id());
  EXPECT_EQ(Ask(service_.Status(request))->deployment().chainlets(0).state(), "crashing");
  Pass(absl::Seconds(1));
  price.emplace(*this, Last("shop.Price"));
  const v1::Deployment shown = Ask(service_.Status(request))->deployment();
  EXPECT_EQ(shown.chainlets(0).state(), "ready");
  EXPECT_EQ(shown.chainlets(0).problem(), "");
}

TEST_F(ControllerTest, WhatIsNeverReadyIsEndedAndCountsAsACrash) {
  Push push(*this, Published());
  FakeReplica price(*this, Last("shop.Price"));
  const ReplicaSpec slow = Last("shop.Total");
  FakeReplica total(*this, slow, true, v1::REPLICA_STARTING);
  Pass(absl::Minutes(5));
  EXPECT_TRUE(fleet_.HasStopped(slow.name));
  EXPECT_THAT(model_.Find(push.id())->crashes.at(slow.unit).report,
              HasSubstr("was not ready within 5m"));
  End(slow);
  EXPECT_EQ(model_.Find(push.id())->crashes.at(slow.unit).in_a_row, 1);
  EXPECT_FALSE(push.done());
}

TEST_F(ControllerTest, WhoLeavesIsEndedOnceHisCallersKnow) {
  Push first(*this, Developed("p1"));
  const ReplicaSpec old_price = Last("shop.Price");
  FakeReplica price(*this, old_price);
  FakeReplica total(*this, Last("shop.Total"), /*follows=*/false);
  Push second(*this, Developed("p2"));
  FakeReplica price2(*this, Last("shop.Price"));
  EXPECT_THAT(total.Told("shop.Price"), Not(::testing::Contains(old_price.name)));
  Pass(absl::Seconds(2));
  EXPECT_FALSE(fleet_.HasStopped(old_price.name));
  total.Follows();
  Pass(absl::Seconds(1));
  EXPECT_TRUE(fleet_.HasStopped(old_price.name));
  EXPECT_EQ(fleet_.stopped[0].patience, absl::Seconds(35));
}

TEST_F(ControllerTest, ACallerThatDoesNotFollowIsWaitedForFiveSeconds) {
  Push first(*this, Developed("p1"));
  const ReplicaSpec old_price = Last("shop.Price");
  FakeReplica price(*this, old_price);
  FakeReplica total(*this, Last("shop.Total"), /*follows=*/false);
  Push second(*this, Developed("p2"));
  FakeReplica price2(*this, Last("shop.Price"));
  Pass(absl::Seconds(4.8));
  EXPECT_FALSE(fleet_.HasStopped(old_price.name));
  Pass(absl::Seconds(1));
  EXPECT_TRUE(fleet_.HasStopped(old_price.name));
}

TEST_F(ControllerTest, CalleesOfWhatIsExchangedLeaveAfterTheirCallers) {
  Push first(*this, Developed("p1", "t1"));
  const ReplicaSpec price1 = Last("shop.Price"), total1 = Last("shop.Total");
  FakeReplica old_price(*this, price1), old_total(*this, total1);
  Push second(*this, Developed("p2", "t2"));
  FakeReplica new_price(*this, Last("shop.Price")), new_total(*this, Last("shop.Total"));
  ASSERT_TRUE(second.live());
  Pass(absl::Seconds(10));
  EXPECT_TRUE(fleet_.HasStopped(total1.name));
  EXPECT_FALSE(fleet_.HasStopped(price1.name));
  EXPECT_THAT(old_total.Told("shop.Price"), ElementsAre(price1.name));
  old_total.Leave();
  End(total1);
  Pass(absl::Seconds(1));
  EXPECT_TRUE(fleet_.HasStopped(price1.name));
}

// What it called when it was started has left long ago.
TEST_F(ControllerTest, AnOldCallerThatLeavesStillReachesTheCalleesItHadLast) {
  Push first(*this, Developed("p1", "t1"));
  const ReplicaSpec price1 = Last("shop.Price"), total1 = Last("shop.Total");
  FakeReplica total(*this, total1);
  {
    FakeReplica price(*this, price1);
    Push second(*this, Developed("p2", "t1"));
  }
  const ReplicaSpec price2 = Last("shop.Price");
  FakeReplica price(*this, price2);
  Pass(absl::Seconds(6));
  End(price1);
  ASSERT_EQ(model_.Find(first.id())->live->number, 2u);
  Push third(*this, Developed("p3", "t3"));
  FakeReplica new_price(*this, Last("shop.Price")), new_total(*this, Last("shop.Total"));
  ASSERT_TRUE(third.live());
  Pass(absl::Seconds(1));
  EXPECT_TRUE(fleet_.HasStopped(total1.name));
  EXPECT_THAT(total.Told("shop.Price"), ElementsAre(price2.name));
  EXPECT_FALSE(fleet_.HasStopped(price2.name));
}

TEST_F(ControllerTest, RevisionsThatNobodyNeedsAreForgotten) {
  Push first(*this, Developed("p1"));
  FakeReplica total(*this, Last("shop.Total"));
  auto price = std::make_unique<FakeReplica>(*this, Last("shop.Price"));
  for (int i = 2; i < 30; ++i) {
    const ReplicaSpec old = Last("shop.Price");
    Push next(*this, Developed(Text("p", i)));
    auto new_price = std::make_unique<FakeReplica>(*this, Last("shop.Price"));
    ASSERT_TRUE(next.live());
    price = std::move(new_price);
    End(old);
  }
  EXPECT_THAT(model_.Find(first.id())->retired, IsEmpty());
  EXPECT_THAT(model_.Find(first.id())->crashes, SizeIs(::testing::Le(2)));
}

}  // namespace
}  // namespace chains::deploy
