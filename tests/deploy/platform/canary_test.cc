// A deployment gets a share of an environment, and loses it when it fails too often.
#include "deploy/platform/canary.h"

#include <cmath>

#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(WhyToEndTest, IsWhatTheCanaryFailsMoreThanTheOthers) {
  v1::Canary canary;
  canary.set_abort_above_percent(5);
  EXPECT_THAT(WhyToEnd(canary, {.answered = 49, .failed = 49}, {}), IsEmpty());
  EXPECT_THAT(WhyToEnd(canary, {.answered = 100, .failed = 5}, {}), IsEmpty());
  EXPECT_THAT(WhyToEnd(canary, {.answered = 100, .failed = 6}, {}),
              HasSubstr("6 % of its 100 requests failed, and 0 % of the others"));
  // All of them fail: it is not the canary's fault.
  EXPECT_THAT(WhyToEnd(canary, {.answered = 100, .failed = 50}, {.answered = 900, .failed = 420}),
              IsEmpty());
}

TEST(CanaryFromTest, RefusesSharesThatMakeNoSense) {
  v1::PromoteRequest request;
  for (const double percent : {0.0, -1.0, 100.0, 1e9, std::nan("")}) {
    request.set_canary_percent(percent);
    EXPECT_THAT(CanaryFrom(request).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("canary_percent")));
  }
  request.set_canary_percent(10);
  EXPECT_EQ(CanaryFrom(request)->abort_above_percent(), 5);
  for (const double above : {-1.0, 101.0, std::nan("")}) {
    request.set_abort_above_percent(above);
    EXPECT_THAT(CanaryFrom(request).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("abort_above_percent")));
  }
}

class CanaryTest : public PlatformTest {
 protected:
  CanaryTest() {
    Control();
    first_ = Live("one", replicas_[0]);
    second_ = Live("two", replicas_[1]);
    gateway_.emplace(clock_, Watch(),
                     Context(absl::InfiniteFuture(), "", {{"chains-token", "gateway token"}}));
    Settle();
  }
  ~CanaryTest() override { gateway_.reset(); }

  std::string Live(const std::string& code, std::optional<FakeReplica>& replica) {
    v1::DeployRequest request;
    *request.mutable_bundle() = BundleOf({{.name = "shop.Price", .code = code}});
    Push push(*this, request);
    replica.emplace(*this, Last("shop.Price"));
    EXPECT_TRUE(push.live()) << push.status();
    return push.id();
  }
  absl::Status Promote(const std::string& id, double percent, double above = 0) {
    v1::PromoteRequest request;
    request.set_deployment(id);
    request.set_canary_percent(percent);
    request.set_abort_above_percent(above);
    request.set_breaking(true);
    return Ask(service_.Promote(std::move(request))).status();
  }
  absl::Status Rollback() {
    v1::RollbackRequest request;
    request.set_chain("shop");
    return Ask(service_.Rollback(std::move(request))).status();
  }
  // A gateway says what deployments answered.
  void Answered(const std::string& id, uint64_t all, uint64_t failed) {
    v1::DeploymentLoad& load = *seen_.add_loads();
    load.set_deployment(id);
    load.set_answered(all);
    load.set_failed(failed);
    news_ = true;
    noticed_.Give();
    Pass(absl::Seconds(1));
  }
  const state::EnvironmentRecord& Production() const {
    return *model_.Environment("shop", "production");
  }
  v1::EnvironmentRoute Route() { return RoutesOf(model_, Now(), {}).environments(0); }

  std::string first_, second_;
  std::optional<FakeReplica> replicas_[2];

 private:
  Stream<v1::RoutesSeen> Seen() {
    while (true) {
      v1::RoutesSeen seen = seen_;
      seen_.clear_loads();
      co_yield std::move(seen);
      while (!news_) co_await noticed_.Wait();
      news_ = false;
    }
  }
  Task<void> Watch() {
    Stream<v1::RouteTable> tables = control_.WatchRoutes(Seen());
    while (std::optional<v1::RouteTable> table = co_await tables.Next()) {
      seen_.set_version(table->version());
      news_ = true;
      noticed_.Give();
    }
  }

  v1::RoutesSeen seen_;
  bool news_ = false;
  Notice noticed_;
  std::optional<Running<void>> gateway_;
};

TEST_F(CanaryTest, GetsItsShareAndThenAll) {
  ASSERT_EQ(Production().deployment(), first_);
  ASSERT_THAT(Promote(second_, 10), IsOk());
  EXPECT_EQ(Production().deployment(), first_);
  EXPECT_EQ(Route().deployment(), first_);
  EXPECT_EQ(Route().canary(), second_);
  EXPECT_EQ(Route().canary_percent(), 10);
  Answered(second_, 1000, 0);
  EXPECT_EQ(Route().canary(), second_);
  ASSERT_THAT(Promote(second_, 0), IsOk());
  EXPECT_EQ(Route().deployment(), second_);
  EXPECT_EQ(Route().canary(), "");
  EXPECT_EQ(Production().previous(), first_);
}

TEST_F(CanaryTest, LosesItsShareWhenItFailsMoreThanTheOthers) {
  ASSERT_THAT(Promote(second_, 10, 2), IsOk());
  Answered(first_, 900, 9);
  Answered(second_, 40, 40);
  EXPECT_EQ(Route().canary(), second_);  // too few to judge by
  Answered(second_, 60, 0);
  EXPECT_EQ(Route().canary(), "");
  EXPECT_EQ(Route().deployment(), first_);
  EXPECT_EQ(Production().ended_canary().deployment(), second_);
  EXPECT_THAT(Production().ended_canary().why(), HasSubstr("40 % of its 100 requests failed"));
  v1::DeploymentRequest request;
  request.set_deployment(second_);
  EXPECT_THAT(Ask(service_.Status(request))->deployment().problem(),
              HasSubstr("its share of production was ended: 40 %"));
  // What it did before does not count for the next one.
  ASSERT_THAT(Promote(second_, 10, 2), IsOk());
  EXPECT_FALSE(Production().has_ended_canary());
  Pass(absl::Seconds(2));
  EXPECT_EQ(Route().canary(), second_);
}

TEST_F(CanaryTest, IsEndedByARollbackWhichChangesNothingElse) {
  ASSERT_THAT(Promote(second_, 50), IsOk());
  ASSERT_THAT(Rollback(), IsOk());
  EXPECT_EQ(Route().deployment(), first_);
  EXPECT_EQ(Route().canary(), "");
}

TEST_F(CanaryTest, IsNotDeletedNorAskedForWithoutSomethingBesideIt) {
  EXPECT_THAT(Promote(first_, 10),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("points at it already")));
  EXPECT_THAT(Promote(second_, 100), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(Promote(second_, 10), IsOk());
  v1::DeploymentRequest request;
  request.set_deployment(second_);
  EXPECT_THAT(Ask(service_.Delete(request)).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("chains rollback shop")));
  // One that is deactivated gets nothing.
  ASSERT_THAT(Ask(service_.Deactivate(request)).status(), IsOk());
  EXPECT_EQ(Route().canary(), "");
}

}  // namespace
}  // namespace chains::deploy
