#include "deploy/platform/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/deploy/platform/made_chains.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOkAndHolds;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Property;

class ModelTest : public ::testing::Test {
 protected:
  Deployment& Add(const std::string& id, const std::string& chain = "shop") {
    state::DeploymentRecord record;
    record.set_id(id);
    record.set_chain(chain);
    model_.deployments[id] = std::make_unique<Deployment>(record);
    return *model_.deployments[id];
  }
  void Point(const std::string& name, const std::string& id, const std::string& chain = "shop") {
    state::EnvironmentRecord& record = model_.environments[{chain, name}];
    record.set_chain(chain);
    record.set_name(name);
    record.set_deployment(id);
  }

  Model model_{Capacity{.cpus = 1, .memory_bytes = 1 << 30, .gpus = 2}};
};

TEST_F(ModelTest, ADeploymentIsFoundByItsIdOrItsEnvironment) {
  Add("d1");
  Add("d2");
  Add("dev").record.set_development(true);
  EXPECT_THAT(model_.Resolve("d2", "", ""), IsOkAndHolds(Property(&Deployment::id, "d2")));
  EXPECT_THAT(model_.Resolve("", "shop", ""), IsOkAndHolds(Property(&Deployment::id, "dev")));
  Point("production", "d1");
  Point("staging", "d2");
  EXPECT_THAT(model_.Resolve("", "shop", ""), IsOkAndHolds(Property(&Deployment::id, "d1")));
  EXPECT_THAT(model_.Resolve("", "shop", "staging"), IsOkAndHolds(Property(&Deployment::id, "d2")));
  EXPECT_THAT(model_.Resolve("", "shop", "development"),
              IsOkAndHolds(Property(&Deployment::id, "dev")));
}

TEST_F(ModelTest, WhatIsNotThereIsAnsweredWithWhatIs) {
  EXPECT_THAT(model_.Resolve("", "shop", ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nothing has been pushed")));
  Add("d1");
  EXPECT_THAT(model_.Resolve("d9", "", ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("chains list")));
  EXPECT_THAT(model_.Resolve("", "", ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(model_.Resolve("", "shoe", ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("only shop")));
  EXPECT_THAT(model_.Resolve("", "shop", "staging"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("--environment staging")));
}

TEST_F(ModelTest, ProductionComesFirstOfTheEnvironmentsAndSettles) {
  Deployment& deployment = Add("d1");
  Point("alpha", "d1");
  Point("production", "d1");
  Point("staging", "d2");
  Point("production", "d1", "other");
  model_.environments[{"other", "production"}].set_deployment("o1");
  EXPECT_THAT(model_.EnvironmentsOf(deployment), ElementsAre("production", "alpha"));
  EXPECT_EQ(model_.SettingsFor(deployment)->name(), "production");
  Deployment& next = Add("d3");
  EXPECT_EQ(model_.SettingsFor(next), nullptr);
  next.record.set_promote_to("alpha");
  EXPECT_EQ(model_.SettingsFor(next)->name(), "alpha");
}

TEST_F(ModelTest, AFollowerIsPastWhatItsLastTableLeavesOut) {
  Follower follower{.looked = 10, .sent = 10, .seen = 10};
  EXPECT_TRUE(follower.IsPast(10));
  EXPECT_TRUE(follower.IsPast(5));
  EXPECT_FALSE(follower.IsPast(11));
  // Nothing that he is told has changed since.
  follower.looked = 12;
  EXPECT_TRUE(follower.IsPast(12));
  // He was told, and has not said that he follows; so he may use any table before it.
  follower.sent = 11;
  EXPECT_FALSE(follower.IsPast(11));
  EXPECT_FALSE(follower.IsPast(12));
  follower.seen = 11;
  EXPECT_TRUE(follower.IsPast(12));
}

TEST_F(ModelTest, AllArePastWhenEveryAttachedReplicaAndGatewayIs) {
  Deployment& deployment = Add("d1");
  EXPECT_TRUE(model_.AllArePast(5, deployment));
  Replica& replica = deployment.replicas["Price-1"];
  EXPECT_TRUE(model_.AllArePast(5, deployment));  // it is not attached
  replica.stream = 1;
  EXPECT_FALSE(model_.AllArePast(5, deployment));
  replica.follower = {.looked = 5, .sent = 5, .seen = 5};
  EXPECT_TRUE(model_.AllArePast(5, deployment));
  model_.gateways[2].follower = {.looked = 5, .sent = 5, .seen = 4};
  EXPECT_FALSE(model_.AllArePast(5, deployment));
  model_.gateways.erase(2);
  EXPECT_TRUE(model_.AllArePast(5, deployment));
}

TEST_F(ModelTest, RequestsAtAllGatewaysAreAddedUp) {
  model_.gateways[1].requests["d1"] = 2;
  model_.gateways[2].requests["d1"] = 3;
  model_.gateways[2].requests["d2"] = 7;
  EXPECT_EQ(model_.AtGateways("d1"), 5u);
  EXPECT_EQ(model_.AtGateways("d3"), 0u);
}

TEST_F(ModelTest, ReservationsLeaveOneDeploymentOutWhereAsked) {
  Deployment& one = Add("d1");
  Deployment& two = Add("d2");
  one.replicas["a"].gpus = {0};
  one.replicas["a"].resources.set_memory_bytes(100);
  two.replicas["b"].gpus = {1};
  two.replicas["b"].resources.set_memory_bytes(1000);
  EXPECT_EQ(model_.Reservations().memory_bytes(), 1100);
  EXPECT_EQ(model_.Reservations().gpus(), 2);
  EXPECT_EQ(model_.Reservations(&two).memory_bytes(), 100);
  EXPECT_EQ(model_.Reservations(&two).gpus(), 1);
}

TEST_F(ModelTest, TheVersionGrowsAcrossModels) {
  const uint64_t before = model_.Touch();
  EXPECT_GT(model_.Touch(), before);
  const Model later{Capacity{}};
  EXPECT_GE(later.version(), before - 2);
}

TEST_F(ModelTest, ARevisionsNumberIsNeverUsedAgain) {
  Deployment& deployment = Add("d1");
  EXPECT_EQ(deployment.NextRevision(), 1u);
  deployment.record.set_revision(3);
  EXPECT_EQ(deployment.NextRevision(), 4u);
  deployment.failed_revision = 5;
  EXPECT_EQ(deployment.NextRevision(), 6u);
  deployment.retired[7] = nullptr;
  EXPECT_EQ(deployment.NextRevision(), 8u);
  deployment.record.set_pending_revision(9);
  EXPECT_EQ(deployment.NextRevision(), 10u);
}

}  // namespace
}  // namespace chains::deploy
