// A deployment takes the place of another where both do not fit: one GPU, two versions.
#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReplacingTest : public PlatformTest {
 protected:
  ReplacingTest() : PlatformTest({.cpus = 4, .memory_bytes = int64_t{64} << 30, .gpus = 1}) {
    Control();
  }

  static v1::DeployRequest Of(const std::string& code, const std::string& chain = "shop") {
    v1::DeployRequest request;
    *request.mutable_bundle() = BundleOf({{.name = "shop.Draw", .code = code, .gpu = "T4"}});
    request.set_name(chain);
    return request;
  }
  static v1::DeployRequest Replacing(const std::string& code, const std::string& chain = "shop") {
    v1::DeployRequest request = Of(code, chain);
    request.set_environment("production");
    request.set_replace(true);
    request.set_breaking(true);  // these chains have no descriptors to compare
    return request;
  }
  // "one" in production, with the machine's GPU.
  void PushOne() {
    Push push(*this, Of("one"));
    old_ = Last("shop.Draw");
    old_replica_.emplace(*this, old_);
    ASSERT_TRUE(push.live()) << push.status();
  }
  // Reports that nothing runs in it.
  void OldSaysIdle() {
    Pass(absl::Milliseconds(100));
    old_replica_->Say();
    Pass(absl::Seconds(1));
  }
  std::string Production(const std::string& chain = "shop") const {
    return model_.Environment(chain, "production")->deployment();
  }
  Deployment& Old() { return *model_.Find(old_.deployment); }

  ReplicaSpec old_;
  std::optional<FakeReplica> old_replica_;
};

TEST_F(ReplacingTest, RequestsWaitWhileTheNewTakesTheGpuOfTheOld) {
  PushOne();
  Push push(*this, Replacing("two"));
  Settle();
  EXPECT_TRUE(Old().held);
  EXPECT_EQ(RoutesOf(model_, Now(), {}).deployments(0).replicas_size(), 0);
  // Something runs in it still.
  v1::ChainletLoad& load = *old_replica_->report().add_loads();
  load.set_chainlet("shop.Draw");
  load.set_in_flight(1);
  OldSaysIdle();
  EXPECT_FALSE(fleet_.HasStopped(old_.name));
  old_replica_->report().clear_loads();
  OldSaysIdle();
  EXPECT_TRUE(fleet_.HasStopped(old_.name));
  EXPECT_EQ(fleet_.started.size(), 1u);
  old_replica_.reset();
  End(old_);
  EXPECT_EQ(fleet_.started.size(), 2u);
  EXPECT_THAT(Last("shop.Draw").gpus, ElementsAre(0));
  FakeReplica replica(*this, Last("shop.Draw"));
  EXPECT_TRUE(push.live());
  EXPECT_EQ(Production(), push.id());
  EXPECT_FALSE(Old().held);
  EXPECT_THAT(Old().yielding, IsEmpty());
  Pass(absl::Seconds(5));
  EXPECT_EQ(fleet_.started.size(), 2u);  // the old one sleeps
}

TEST_F(ReplacingTest, WhatFailsGivesTheOldItsPlaceBack) {
  PushOne();
  Push push(*this, Replacing("two"));
  OldSaysIdle();
  old_replica_.reset();
  End(old_);
  for (int i = 0; i < 3; ++i) {
    End(Last("shop.Draw"), "exited with 1");
    Pass(absl::Seconds(1));
  }
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                      HasSubstr("did not become ready in 3 attempts")));
  EXPECT_FALSE(Old().held);
  EXPECT_EQ(Last("shop.Draw").deployment, old_.deployment);
  EXPECT_EQ(Production(), old_.deployment);
}

TEST_F(ReplacingTest, RequestsThatDoNotEndAreNotWaitedForForever) {
  PushOne();
  v1::ChainletLoad& load = *old_replica_->report().add_loads();
  load.set_chainlet("shop.Draw");
  load.set_in_flight(1);
  old_replica_->Say();
  Push push(*this, Replacing("two"));
  Pass(absl::Seconds(40));
  EXPECT_THAT(push.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("did not end within 35s")));
  EXPECT_FALSE(Old().held);
  EXPECT_FALSE(fleet_.HasStopped(old_.name));
}

TEST_F(ReplacingTest, TheOldIsReleasedWhenWhatReplacesItIsDeactivated) {
  PushOne();
  Push push(*this, Replacing("two"));
  Settle();
  ASSERT_TRUE(Old().held);
  v1::DeploymentRequest request;
  request.set_deployment(push.id());
  ASSERT_TRUE(Ask(service_.Deactivate(request)).ok());
  EXPECT_FALSE(Old().held);
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kAborted, HasSubstr("deactivated")));
}

TEST_F(ReplacingTest, TheOldIsReleasedWhenWhatReplacesItIsDeleted) {
  PushOne();
  Push push(*this, Replacing("two"));
  Settle();
  ASSERT_TRUE(Old().held);
  v1::DeploymentRequest request;
  request.set_deployment(push.id());
  ASSERT_TRUE(Ask(service_.Delete(request)).ok());
  EXPECT_FALSE(Old().held);
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kAborted));
}

// The GPU that it lacks is another chain's: the old one would make room in vain.
TEST_F(ReplacingTest, WhatDoesNotFitEvenWithoutTheOldIsRefused) {
  PushOne();
  v1::DeployRequest small = Of("small", "other");
  small.mutable_bundle()->mutable_manifest()->mutable_chainlets(0)->clear_resources();
  Push other(*this, small);
  FakeReplica replica(*this, Last("shop.Draw"));
  ASSERT_TRUE(other.live());
  Push push(*this, Replacing("large", "other"));
  EXPECT_THAT(push.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 of 1 GPUs")));
  EXPECT_FALSE(model_.Find(other.id())->held);
}

// The same, where the other chain takes the GPU while the old one leaves.
TEST_F(ReplacingTest, WhatFindsNoRoomWithoutTheOldIsGivenUp) {
  PushOne();
  Push push(*this, Replacing("two"));
  OldSaysIdle();
  old_replica_.reset();
  Replica thief;
  thief.name = "Thief-1";
  thief.gpus = {0};
  model_.deployments["thief"] = std::make_unique<Deployment>(state::DeploymentRecord());
  model_.deployments["thief"]->record.set_id("thief");
  model_.deployments["thief"]->replicas.emplace(thief.name, thief);
  End(old_);
  Pass(absl::Seconds(2));
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                      HasSubstr("no room, not even without")));
  EXPECT_FALSE(Old().held);
}

TEST_F(ReplacingTest, AnotherNameOfTheChainletIsNoReasonToKeepTheGpu) {
  PushOne();
  v1::DeployRequest renamed;
  *renamed.mutable_bundle() = BundleOf({{.name = "shop.Paint", .gpu = "T4"}});
  renamed.set_environment("production");
  renamed.set_replace(true);
  renamed.set_breaking(true);
  Push push(*this, renamed);
  OldSaysIdle();
  EXPECT_TRUE(fleet_.HasStopped(old_.name));
  old_replica_.reset();
  End(old_);
  FakeReplica replica(*this, Last("shop.Paint"));
  EXPECT_TRUE(push.live()) << push.status();
}

TEST_F(ReplacingTest, ADevelopmentDeploymentExchangesItsOwnInPlace) {
  v1::DeployRequest request = Of("one");
  request.set_development(true);
  Push first(*this, request);
  const ReplicaSpec one = Last("shop.Draw");
  std::optional<FakeReplica> replica(std::in_place, *this, one);
  ASSERT_TRUE(first.live());
  *request.mutable_bundle() = Of("two").bundle();
  Push refused(*this, request);
  EXPECT_THAT(refused.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--replace")));
  request.set_replace(true);
  Push second(*this, request);
  Pass(absl::Seconds(1));
  EXPECT_TRUE(fleet_.HasStopped(one.name));
  EXPECT_EQ(fleet_.started.size(), 1u);
  replica.reset();
  End(one);
  FakeReplica two(*this, Last("shop.Draw"));
  EXPECT_TRUE(second.live()) << second.status();
}

}  // namespace
}  // namespace chains::deploy
