#include "deploy/platform/recovery.h"

#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::testing::HasSubstr;

// What one platform leaves to the next.
class RecoveryTest : public PlatformTest {
 protected:
  static v1::DeployRequest Of(const std::string& code, bool development = false) {
    v1::DeployRequest request;
    *request.mutable_bundle() = BundleOf({{.name = "shop.Total", .code = code}});
    request.set_development(development);
    return request;
  }
  static FoundReplica Found(const ReplicaSpec& spec) {
    return {.deployment = spec.deployment,
            .chain = spec.chain,
            .name = spec.name,
            .unit = spec.unit,
            .revision = spec.revision,
            .chainlets = spec.chainlets,
            .pid = 1,
            .gpus = spec.gpus,
            .cpus = spec.resources.cpus(),
            .bundle = spec.bundle};
  }
  absl::Status Recovered(const std::vector<FoundReplica>& found = {}) {
    return Recover(
        next_,
        {.store = *store_, .blobs = blobs_, .bundles = folder_ / "bundles", .fleet = next_fleet_},
        found, Now());
  }
  Deployment& Next(const std::string& id) { return *next_.Find(id); }

  Model next_{Capacity{.cpus = 4, .memory_bytes = int64_t{64} << 30, .gpus = 2}};
  FakeFleet next_fleet_;
};

TEST_F(RecoveryTest, ALiveDeploymentIsBackWithItsReplicas) {
  Control();
  Push push(*this, Of("one"));
  const ReplicaSpec spec = Last("shop.Total");
  FakeReplica replica(*this, spec);
  ASSERT_TRUE(push.live());
  ASSERT_THAT(Recovered({Found(spec)}), IsOk());
  Deployment& deployment = Next(push.id());
  ASSERT_NE(deployment.live, nullptr);
  EXPECT_EQ(deployment.live->bundle, push.last().deployment().bundle());
  EXPECT_EQ(deployment.pending, nullptr);
  EXPECT_EQ(next_.Environment("shop", "production")->deployment(), push.id());
  const Replica& taken = deployment.replicas.at(spec.name);
  EXPECT_EQ(taken.state, Replica::State::kStarting);  // until it attaches
  EXPECT_FALSE(taken.draining);
  EXPECT_EQ(taken.resources.memory_bytes(), 1 << 30);
  EXPECT_TRUE(next_fleet_.stopped.empty());
  EXPECT_EQ(deployment.WantedOf(deployment.live->units[0]), 1);
  EXPECT_EQ(next_.last_sequence, 1u);
}

// Or each platform that takes over would start all of them anew.
TEST_F(RecoveryTest, WhatWasScaledByHandIsNoReasonToReplaceWhatRuns) {
  Control();
  Push push(*this, Of("one"));
  ReplicaSpec spec = Last("shop.Total");
  FakeReplica replica(*this, spec);
  ASSERT_TRUE(push.live());
  v1::SetScalingRequest scaling;
  scaling.set_deployment(push.id());
  scaling.set_chainlet("Total");
  scaling.mutable_change()->set_cpus(0.2);
  scaling.mutable_change()->set_memory_bytes(int64_t{2} << 30);
  ASSERT_TRUE(Ask(service_.SetScaling(scaling)).ok());
  FoundReplica scaled = Found(spec), old = Found(spec);
  scaled.cpus = 0.2;
  old.name = "Total-old";
  ASSERT_THAT(Recovered({scaled, old}), IsOk());
  const Deployment& deployment = Next(push.id());
  EXPECT_FALSE(deployment.IsUnfit(deployment.replicas.at(spec.name), Now()));
  EXPECT_TRUE(deployment.IsUnfit(deployment.replicas.at("Total-old"), Now()));
}

TEST_F(RecoveryTest, APushThatWasUnderWayGoesOn) {
  Control();
  Push push(*this, Of("one"));
  ASSERT_THAT(Recovered(), IsOk());
  const Deployment& deployment = Next(push.id());
  EXPECT_EQ(deployment.live, nullptr);
  ASSERT_NE(deployment.pending, nullptr);
  EXPECT_EQ(deployment.pending->number, 1u);
  EXPECT_EQ(deployment.WantedOf(deployment.pending->units[0]), 1);
}

TEST_F(RecoveryTest, WhatNobodyWantsLeavesAndKeepsItsGpuUntilThen) {
  Control();
  Push push(*this, Of("one"));
  FakeReplica replica(*this, Last("shop.Total"));
  FoundReplica old = Found(Last("shop.Total"));
  old.name = "Total-older";
  old.unit = "a unit that was exchanged";
  old.gpus = {1};
  FoundReplica stranger = old;
  stranger.deployment = "nothing";
  ASSERT_THAT(Recovered({old, stranger}), IsOk());
  EXPECT_EQ(next_fleet_.stopped.size(), 2u);
  const Replica& leaving = Next(push.id()).replicas.at("Total-older");
  EXPECT_TRUE(leaving.draining);
  EXPECT_TRUE(leaving.stopped);
  EXPECT_EQ(next_.Reservations().gpus(), 1);
}

TEST_F(RecoveryTest, VersionsThatNoNameLeadsToSleep) {
  Control();
  Push first(*this, Of("one"));
  FakeReplica one(*this, Last("shop.Total"));
  Push second(*this, Of("two"));
  FakeReplica two(*this, Last("shop.Total"));
  ASSERT_TRUE(second.live());
  ASSERT_THAT(Recovered(), IsOk());
  EXPECT_EQ(Next(first.id()).WantedOf(Next(first.id()).live->units[0]), 1);
  EXPECT_EQ(Next(second.id()).WantedOf(Next(second.id()).live->units[0]), 0);
}

TEST_F(RecoveryTest, AKeptReplicaIsOfTheRevisionThatIsLiveNow) {
  Control();
  Push first(*this, Of("one", /*development=*/true));
  const ReplicaSpec spec = Last("shop.Total");
  FakeReplica replica(*this, spec);
  Push second(*this, Of("one", /*development=*/true));
  ASSERT_TRUE(second.live());
  ASSERT_EQ(spec.revision, 1u);
  ASSERT_THAT(Recovered({Found(spec)}), IsOk());
  EXPECT_EQ(Next(first.id()).replicas.at(spec.name).revision, 2u);
}

TEST_F(RecoveryTest, ADamagedBundleIsTheFailureOfItsDeploymentAlone) {
  Control();
  Push push(*this, Of("one"));
  FakeReplica replica(*this, Last("shop.Total"));
  ASSERT_TRUE(push.live());
  state::DeploymentRecord damaged = model_.Find(push.id())->record;
  damaged.set_id("damaged");
  damaged.set_bundle(std::string(64, 'a'));
  Store::Change change;
  change.put_deployments.push_back(damaged);
  damaged.set_id("pending");
  damaged.clear_bundle();
  damaged.set_pending_bundle(std::string(64, 'b'));
  change.put_deployments.push_back(damaged);
  ASSERT_THAT(store_->Apply(change), IsOk());
  ASSERT_THAT(Recovered(), IsOk());
  EXPECT_TRUE(Next(push.id()).active());
  EXPECT_FALSE(Next("damaged").active());
  EXPECT_THAT(Next("damaged").record.failure(), HasSubstr("no bundle aaaa"));
  EXPECT_FALSE(Next("pending").active());
  EXPECT_THAT(Next("pending").record.failure(), HasSubstr("no bundle bbbb"));
  // It is not kept so: the bundle may be put back.
  const Store::Contents kept = store_->Load().value();
  for (const state::DeploymentRecord& record : kept.deployments) EXPECT_EQ(record.failure(), "");
}

TEST_F(RecoveryTest, KeysAndSecretsAreBack) {
  v1::CreateKeyRequest key;
  key.set_name("ci");
  ASSERT_THAT(Ask(service_.CreateKey(key)), IsOk());
  v1::SetSecretRequest secret;
  secret.set_name("voice");
  secret.set_value("low");
  ASSERT_THAT(Ask(service_.SetSecret(secret)), IsOk());
  ASSERT_THAT(Recovered(), IsOk());
  EXPECT_EQ(next_.keys.at("ci").sha256().size(), 32u);
  EXPECT_EQ(*secrets_.Open("voice", next_.secrets.at("voice").sealed()), "low");
}

}  // namespace
}  // namespace chains::deploy
