// Pushes that something happens to in the middle.
#include <chrono>
#include <cmath>
#include <filesystem>
#include <future>
#include <latch>
#include <limits>

#include "chains/testing/collect.h"
#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::chains::testing::StreamOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PushingTest : public PlatformTest {
 protected:
  PushingTest() { Control(); }

  static v1::DeployRequest Of(const std::string& code, bool development = true) {
    v1::DeployRequest request;
    *request.mutable_bundle() = BundleOf({{.name = "shop.Total", .code = code}});
    request.set_development(development);
    return request;
  }
  static v1::DeploymentRequest Id(const std::string& id) {
    v1::DeploymentRequest request;
    request.set_deployment(id);
    return request;
  }
};

TEST_F(PushingTest, ALaterPushTakesThePlaceOfOneThatIsNotLive) {
  Push first(*this, Of("one"));
  const ReplicaSpec never_ready = Last("shop.Total");
  Push second(*this, Of("two"));
  EXPECT_THAT(first.status(), StatusIs(absl::StatusCode::kAborted, HasSubstr("another push")));
  EXPECT_TRUE(fleet_.HasStopped(never_ready.name));
  FakeReplica total(*this, Last("shop.Total"));
  EXPECT_TRUE(second.live());
}

// Nobody reads what the first one is told until all is over.
TEST_F(PushingTest, WhoReadsLateIsNotToldThatAnotherPushWasItsOwn) {
  Stream<v1::DeployEvent> first = service_.Deploy(Of("one"));
  const auto next = [&first]() -> Task<std::optional<v1::DeployEvent>> {
    co_return co_await first.Next();
  };
  ASSERT_THAT(Ask(next()).status(), IsOk());
  Push second(*this, Of("two"));
  FakeReplica total(*this, Last("shop.Total"));
  ASSERT_TRUE(second.live());
  EXPECT_THAT(Ask(next()).status(), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(PushingTest, APushThatWasOvertakenEndsEvenIfTheOtherFailed) {
  Stream<v1::DeployEvent> first = service_.Deploy(Of("one"));
  const auto next = [&first]() -> Task<std::optional<v1::DeployEvent>> {
    co_return co_await first.Next();
  };
  ASSERT_THAT(Ask(next()).status(), IsOk());
  Push second(*this, Of("two"));
  for (int i = 0; i < 3; ++i) {
    End(Last("shop.Total"), "exited with 1");
    Pass(absl::Seconds(1));
  }
  ASSERT_THAT(second.status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Ask(next()).status(), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(PushingTest, ItEndsWhenItsDeploymentIsDeactivatedAndGoesOnWhenActivated) {
  Push push(*this, Of("one", /*development=*/false));
  const ReplicaSpec total = Last("shop.Total");
  ASSERT_THAT(Ask(service_.Deactivate(Id(push.id()))), IsOk());
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kAborted, HasSubstr("chains activate")));
  EXPECT_TRUE(fleet_.HasStopped(total.name));
  End(total);
  ASSERT_THAT(Ask(service_.Activate(Id(push.id()))), IsOk());
  FakeReplica again(*this, Last("shop.Total"));
  EXPECT_EQ(model_.Environment("shop", "production")->deployment(), push.id());
}

TEST_F(PushingTest, WhatIsDeactivatedWhileItBecomesReadyIsNotPromoted) {
  Push push(*this, Of("one", /*development=*/false));
  FakeReplica total(*this, Last("shop.Total"), true, v1::REPLICA_STARTING);
  {
    // Somebody else changes something meanwhile.
    chains::testing::Running<Permit> changing(clock_, keeper_.Begin());
    total.Say(v1::REPLICA_READY);
    Settle();
    model_.Find(push.id())->record.set_deactivated(true);
  }
  Settle();
  EXPECT_EQ(model_.Environment("shop", "production"), nullptr);
}

TEST_F(PushingTest, WhatEndsWhileItBecomesLiveIsNotLive) {
  Push push(*this, Of("one", /*development=*/false));
  {
    chains::testing::Running<Permit> changing(clock_, keeper_.Begin());
    FakeReplica total(*this, Last("shop.Total"));
    total.Leave();
    End(Last("shop.Total"), "exited with 1");
  }
  Settle();
  EXPECT_FALSE(push.done());
  EXPECT_EQ(model_.Find(push.id())->live, nullptr);
}

TEST_F(PushingTest, ItEndsWhenItsDeploymentIsDeleted) {
  Push push(*this, Of("one"));
  const std::string id = push.id();
  chains::testing::Running<v1::DeleteResponse> deleting(clock_, service_.Delete(Id(id)));
  Settle();
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(deleting.done());
  End(Last("shop.Total"));
  ASSERT_TRUE(deleting.done());
  EXPECT_THAT(deleting.outcome(), IsOk());
  EXPECT_EQ(model_.Find(id), nullptr);
  EXPECT_EQ(store_->Load()->deployments.size(), 0u);
}

TEST_F(PushingTest, WhatIsPromotedWhileItIsDeletedStays) {
  Push push(*this, Of("one", /*development=*/false));
  FakeReplica total(*this, Last("shop.Total"));
  Push other(*this, Of("two", /*development=*/false));
  FakeReplica other_total(*this, Last("shop.Total"));
  ASSERT_TRUE(other.live());
  chains::testing::Running<v1::DeleteResponse> deleting(clock_, service_.Delete(Id(other.id())));
  Settle();
  v1::PromoteRequest promote;
  promote.set_deployment(other.id());
  promote.set_breaking(true);
  ASSERT_THAT(Ask(service_.Promote(promote)), IsOk());
  ASSERT_TRUE(deleting.done());
  EXPECT_THAT(deleting.outcome().status(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_NE(model_.Find(other.id()), nullptr);
}

TEST_F(PushingTest, ASettingOfWhatWasGivenUpIsNotInForce) {
  Push first(*this, Of("one"));
  FakeReplica total(*this, Last("shop.Total"));
  v1::DeployRequest request = Of("two");
  v1::Chainlet& chainlet = *request.mutable_bundle()->mutable_manifest()->mutable_chainlets(0);
  chainlet.mutable_autoscaling()->set_autoscaling_window_sec(600);
  Push second(*this, request);
  const Deployment& deployment = *model_.Find(first.id());
  ASSERT_EQ(deployment.scalers.at("shop.Total").settings.autoscaling_window_sec(), 600);
  for (int i = 0; i < 3; ++i) {
    End(Last("shop.Total"), "exited with 1");
    Pass(absl::Seconds(1));
  }
  EXPECT_EQ(deployment.scalers.at("shop.Total").settings.autoscaling_window_sec(), 60);
}

TEST_F(PushingTest, WhoIsNoLongerInAnEnvironmentScalesAsItsCodeSays) {
  Push first(*this, Of("one", /*development=*/false));
  FakeReplica total(*this, Last("shop.Total"));
  v1::SetScalingRequest scale;
  scale.set_chain("shop");
  scale.set_chainlet("Total");
  scale.mutable_change()->set_min_replica(1);
  ASSERT_THAT(Ask(service_.SetScaling(scale)), IsOk());
  EXPECT_EQ(model_.Find(first.id())->scalers.at("shop.Total").settings.min_replica(), 1);
  v1::DeployRequest request = Of("two", /*development=*/false);
  request.set_environment("production");
  request.set_breaking(true);
  Push second(*this, request);
  FakeReplica total2(*this, Last("shop.Total"));
  ASSERT_TRUE(second.live()) << second.status();
  EXPECT_EQ(model_.Find(first.id())->scalers.at("shop.Total").settings.min_replica(), 0);
  EXPECT_EQ(model_.Find(second.id())->scalers.at("shop.Total").settings.min_replica(), 1);
  Pass(absl::Minutes(3));
  EXPECT_FALSE(fleet_.HasStopped(Last("shop.Total").name));
}

// A large bundle takes its time, in which others' replicas may crash.
TEST_F(PushingTest, OthersDoNotWaitWhileFilesAreBroughtInPlace) {
  std::promise<void> changed;
  std::future_status waited = std::future_status::deferred;
  ASSERT_TRUE(clock_.workers().Submit(
      [&] { waited = changed.get_future().wait_for(std::chrono::seconds(30)); }));
  chains::testing::Running<std::vector<v1::DeployEvent>> push(
      clock_, chains::testing::Collect(service_.Deploy(Of("one"))));
  const auto change = [this, &changed]() -> Task<void> {
    const Permit changing = co_await keeper_.Begin();
    changed.set_value();
  };
  EXPECT_THAT(Ask(change()).status(), IsOk());
  EXPECT_EQ(waited, std::future_status::ready);
  EXPECT_EQ(fleet_.started.size(), 1u);
}

// They are nobody's yet, and after an exchange what is nobody's is removed.
TEST_F(PushingTest, FilesOfAPushThatIsUnderWayAreNotSwept) {
  Stream<v1::DeployEvent> exchange = service_.Deploy(Of("one"));
  const auto next = [&exchange]() -> Task<std::optional<v1::DeployEvent>> {
    co_return co_await exchange.Next();
  };
  ASSERT_THAT(Ask(next()), IsOk());
  FakeReplica total(*this, Last("shop.Total"));
  ASSERT_TRUE(Ask(next()).value()->live());
  // The worker rests before its first piece of work for the push, and after it.
  std::latch first(1), second(1);
  bool placing = false;
  ASSERT_TRUE(clock_.workers().Submit([&first] { first.wait(); }));
  v1::DeployRequest request = Of("two", /*development=*/false);
  request.set_name("other");
  chains::testing::Running<std::vector<v1::DeployEvent>> push(
      clock_, chains::testing::Collect(service_.Deploy(request)));
  ASSERT_TRUE(clock_.workers().Submit([&] {
    clock_.Post([&placing] { placing = true; });
    second.wait();
  }));
  first.count_down();
  clock_.RunUntil([&placing] { return placing; });
  chains::testing::Running<std::optional<v1::DeployEvent>> sweeping(clock_, next());
  second.count_down();
  Settle();
  EXPECT_TRUE(sweeping.done());
  ASSERT_EQ(fleet_.started.size(), 2u);
  EXPECT_TRUE(
      std::filesystem::exists(folder_.path() / "bundles" / Last("shop.Total").bundle / "shop"));
}

TEST_F(PushingTest, ResourcesThatNobodyHasAreNoSetting) {
  Push push(*this, Of("one"));
  FakeReplica total(*this, Last("shop.Total"));
  v1::SetScalingRequest scale;
  scale.set_deployment(push.id());
  scale.set_chainlet("Total");
  for (const double cpus : {-1.0, std::nan(""), 1e9}) {
    scale.mutable_change()->set_cpus(cpus);
    EXPECT_THAT(Ask(service_.SetScaling(scale)).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("shop.Total")));
  }
  scale.mutable_change()->set_cpus(1);
  scale.mutable_change()->set_memory_bytes(-1);
  EXPECT_THAT(Ask(service_.SetScaling(scale)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  scale.mutable_change()->set_memory_bytes(int64_t{65} << 30);
  EXPECT_THAT(Ask(service_.SetScaling(scale)).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("65 GiB")));
  Pass(absl::Seconds(2));
  EXPECT_EQ(fleet_.started.size(), 1u);
  scale.mutable_change()->set_memory_bytes(int64_t{2} << 30);
  EXPECT_THAT(Ask(service_.SetScaling(scale)).status(), IsOk());
  EXPECT_EQ(Last("shop.Total").resources.memory_bytes(), int64_t{2} << 30);
  EXPECT_EQ(fleet_.started.size(), 2u);
}

TEST_F(PushingTest, WhatNobodyShouldPushIsRefused) {
  v1::DeployRequest request = Of("one", /*development=*/false);
  request.set_environment("development");
  EXPECT_THAT(Push(*this, request).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  request = Of("one");
  request.set_environment("production");
  EXPECT_THAT(Push(*this, request).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  request = Of("one");
  request.set_name("../shop");
  EXPECT_THAT(Push(*this, request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("chain '../shop'")));
  request = Of("one", /*development=*/false);
  request.set_replace(true);
  EXPECT_THAT(Push(*this, request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("say which")));
  EXPECT_TRUE(model_.deployments.empty());
}

TEST_F(PushingTest, WhatCanNeverFitIsRefusedWithTheSum) {
  v1::DeployRequest request = Of("one");
  v1::Chainlet& chainlet = *request.mutable_bundle()->mutable_manifest()->mutable_chainlets(0);
  chainlet.mutable_resources()->set_memory_bytes(int64_t{65} << 30);
  EXPECT_THAT(Push(*this, request).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("65 GiB = 65 GiB")));
  chainlet.mutable_resources()->set_memory_bytes(std::numeric_limits<int64_t>::max());
  EXPECT_THAT(Push(*this, request).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  chainlet.mutable_resources()->set_memory_bytes(-1);
  EXPECT_THAT(Push(*this, request).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  chainlet.mutable_resources()->clear_memory_bytes();
  chainlet.mutable_autoscaling()->set_concurrency_target(0);
  EXPECT_THAT(Push(*this, request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("concurrency_target")));
}

TEST_F(PushingTest, AnUploadCountsWholeFiles) {
  v1::UploadRequest first, second;
  const std::string begin(1000, 'a'), end(500, 'b');
  first.set_sha256(Sha256Of(begin + end));
  first.set_size(1500);
  first.set_data(begin);
  second.set_data(end);
  const auto uploaded = Ask(service_.Upload(StreamOf<v1::UploadRequest>({first, second})));
  ASSERT_THAT(uploaded, IsOk());
  EXPECT_EQ(uploaded->files(), 1u);
  EXPECT_EQ(uploaded->bytes(), 1500u);
}

}  // namespace
}  // namespace chains::deploy
