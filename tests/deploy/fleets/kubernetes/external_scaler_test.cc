#include "deploy/fleets/kubernetes/external_scaler.h"

#include <map>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "deploy/fleets/kubernetes/autoscaling_objects.h"
#include "tests/deploy/fleets/kubernetes/made_deployments.h"

namespace chains::deploy {
namespace {

using ::chains::testing::FakeClock;
using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What KEDA sends for the ScaledObject that a fleet makes.
externalscaler::ScaledObjectRef RefOf(const FleetUnit& unit) {
  const Json object = ScaledObject(Hello(), unit, {}, "hello-place");
  externalscaler::ScaledObjectRef ref;
  ref.set_name(NameOf(object));
  ref.set_namespace_(NamespaceOf(object));
  for (const auto& [key, value] : StringsAt(object, "/spec/triggers/0/metadata")) {
    (*ref.mutable_scalermetadata())[key] = value;
  }
  return ref;
}

class ExternalScalerTest : public ::testing::Test {
 protected:
  ExternalScalerTest()
      : scaler_(changed_,
                [this](const std::string& deployment, const std::vector<std::string>& chainlets) {
                  return Wanted(Text(deployment, "/", absl::StrJoin(chainlets, "+")));
                }) {}

  absl::StatusOr<int> Wanted(const std::string& key) {
    const auto found = wanted_.find(key);
    if (found == wanted_.end()) return absl::NotFoundError(Text("there is no ", key));
    return found->second;
  }
  template <typename T>
  absl::StatusOr<T> Ask(Task<T> task) {
    return Wait(std::move(task), clock_);
  }
  void Want(int replicas) {
    wanted_["k3j2d9xa/hello.SayHello"] = replicas;
    changed_.Give();
    clock_.Settle();
  }
  Task<void> Follow(externalscaler::ScaledObjectRef ref) {
    Stream<externalscaler::IsActiveResponse> answers = scaler_.StreamIsActive(std::move(ref));
    while (true) {
      std::optional<externalscaler::IsActiveResponse> answer = co_await answers.Next();
      if (!answer) co_return;
      told_.push_back(answer->result());
    }
  }

  FakeClock clock_;
  Notice changed_;
  std::map<std::string, int> wanted_;
  ExternalScaler scaler_;
  std::vector<bool> told_;
  const externalscaler::ScaledObjectRef ref_ = RefOf(Hello().units[0]);
};

TEST_F(ExternalScalerTest, TheMetricIsTheNumberOfReplicasAndItsTargetIsOne) {
  Want(3);
  const auto spec = Ask(scaler_.GetMetricSpec(ref_));
  ASSERT_THAT(spec, IsOk());
  ASSERT_EQ(spec->metricspecs_size(), 1);
  EXPECT_EQ(spec->metricspecs(0).targetsize(), 1);
  EXPECT_EQ(spec->metricspecs(0).targetsizefloat(), 1);
  externalscaler::GetMetricsRequest request;
  *request.mutable_scaledobjectref() = ref_;
  request.set_metricname(spec->metricspecs(0).metricname());
  const auto metrics = Ask(scaler_.GetMetrics(request));
  ASSERT_THAT(metrics, IsOk());
  ASSERT_EQ(metrics->metricvalues_size(), 1);
  EXPECT_EQ(metrics->metricvalues(0).metricname(), spec->metricspecs(0).metricname());
  EXPECT_EQ(metrics->metricvalues(0).metricvalue(), 3);
  EXPECT_EQ(metrics->metricvalues(0).metricvaluefloat(), 3);
}

TEST_F(ExternalScalerTest, ItIsActiveWhereThereShouldBeAnyReplica) {
  Want(0);
  EXPECT_FALSE(Ask(scaler_.IsActive(ref_))->result());
  Want(1);
  EXPECT_TRUE(Ask(scaler_.IsActive(ref_))->result());
}

TEST_F(ExternalScalerTest, WakingAndSleepingArePushedAtOnceAndOnlyWhenTheyChange) {
  Want(0);
  Running<void> following(clock_, Follow(ref_));
  clock_.Settle();
  EXPECT_THAT(told_, ElementsAre(false));
  Want(1);
  EXPECT_THAT(told_, ElementsAre(false, true));
  Want(3);
  EXPECT_THAT(told_, ElementsAre(false, true));
  Want(0);
  EXPECT_THAT(told_, ElementsAre(false, true, false));
  wanted_.clear();
  changed_.Give();
  clock_.Settle();
  ASSERT_TRUE(following.done());
  EXPECT_THAT(following.outcome().status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ExternalScalerTest, WhatIsNotOursIsRefused) {
  EXPECT_THAT(Ask(scaler_.IsActive(ref_)).status(), StatusIs(absl::StatusCode::kNotFound));
  externalscaler::ScaledObjectRef other;
  other.set_name("queue");
  other.set_namespace_("team");
  EXPECT_THAT(Ask(scaler_.IsActive(other)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ScaledObject team/queue")));
  externalscaler::GetMetricsRequest request;
  EXPECT_THAT(Ask(scaler_.GetMetrics(request)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace chains::deploy
