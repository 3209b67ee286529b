// What becomes of jobs and of their webhooks.
#include "gateway/async/job_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

LeasedJob Job() {
  LeasedJob job;
  job.id = "req_1";
  job.attempts = 1;
  job.retries = {
      .max_attempts = 3, .initial_delay = absl::Seconds(1), .max_delay = absl::Seconds(3)};
  job.created = kNow;
  job.expires = kNow + absl::Seconds(600);
  return job;
}

Attempt Failed(absl::StatusCode code, bool called = true) {
  return {.status = absl::Status(code, "no"), .error = "{}", .called = called};
}

TEST(JobRulesTest, ACallThatIsAnsweredSucceeds) {
  const JobEnd end = AfterAttempt(Job(), {.status = absl::OkStatus(), .result = "7"}, kNow);
  EXPECT_EQ(end.state, JobState::kSucceeded);
  EXPECT_EQ(end.result, "7");
  EXPECT_TRUE(end.counts);
}

TEST(JobRulesTest, WhatCannotPassFailsAtOnce) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound,
        absl::StatusCode::kUnimplemented, absl::StatusCode::kPermissionDenied}) {
    EXPECT_EQ(AfterAttempt(Job(), Failed(code), kNow).state, JobState::kFailed) << code;
  }
}

TEST(JobRulesTest, WhatMayPassIsCalledAgainWithPausesThatGrow) {
  LeasedJob job = Job();
  JobEnd end = AfterAttempt(job, Failed(absl::StatusCode::kInternal), kNow);
  EXPECT_EQ(end.state, JobState::kQueued);
  EXPECT_EQ(end.again, kNow + absl::Seconds(1));
  job.attempts = 2;
  end = AfterAttempt(job, Failed(absl::StatusCode::kInternal), kNow);
  EXPECT_EQ(end.again, kNow + absl::Seconds(2));
  job.attempts = 3;
  EXPECT_EQ(AfterAttempt(job, Failed(absl::StatusCode::kInternal), kNow).state, JobState::kFailed);
}

TEST(JobRulesTest, PausesHaveABoundHoweverManyAttempts) {
  EXPECT_EQ(PauseAfter(1, absl::Seconds(1), absl::Minutes(10)), absl::Seconds(1));
  EXPECT_EQ(PauseAfter(4, absl::Seconds(1), absl::Minutes(10)), absl::Seconds(8));
  EXPECT_EQ(PauseAfter(1'000'000, absl::Seconds(1), absl::Minutes(10)), absl::Minutes(10));
  EXPECT_EQ(PauseAfter(1'000'000, absl::ZeroDuration(), absl::Minutes(10)), absl::ZeroDuration());
}

TEST(JobRulesTest, ALostRunDoesNotUseUpAnAttempt) {
  LeasedJob job = Job();
  job.retries.max_attempts = 1;
  job.attempts = 2;
  job.losses = 1;
  EXPECT_EQ(AfterAttempt(job, Failed(absl::StatusCode::kInternal), kNow).state, JobState::kFailed);
  job.retries.max_attempts = 2;
  EXPECT_EQ(AfterAttempt(job, Failed(absl::StatusCode::kInternal), kNow).state, JobState::kQueued);
}

TEST(JobRulesTest, ARefusedJobWaitsWithoutUsingUpAnAttempt) {
  LeasedJob job = Job();
  job.retries.max_attempts = 1;
  const JobEnd end = AfterAttempt(job, Failed(absl::StatusCode::kUnavailable, false), kNow);
  EXPECT_EQ(end.state, JobState::kQueued);
  EXPECT_FALSE(end.counts);
  EXPECT_EQ(end.again, kNow + kFirstPause);
}

TEST(JobRulesTest, ARefusedJobIsLookedAtWhenItsTimeIsOverAndExpires) {
  const LeasedJob job = Job();
  const absl::Time late = job.expires - absl::Seconds(5);
  const JobEnd waits = AfterAttempt(job, Failed(absl::StatusCode::kResourceExhausted, false), late);
  EXPECT_EQ(waits.state, JobState::kQueued);
  EXPECT_EQ(waits.again, job.expires);
  EXPECT_EQ(AfterAttempt(job, Failed(absl::StatusCode::kUnavailable, false), job.expires).state,
            JobState::kExpired);
}

TEST(JobRulesTest, AJobThatHadBegunAndIsRefusedForTooLongFails) {
  LeasedJob job = Job();
  job.attempts = 2;
  const Attempt refused = Failed(absl::StatusCode::kUnavailable, false);
  EXPECT_EQ(AfterAttempt(job, refused, job.expires - absl::Seconds(1)).state, JobState::kQueued);
  EXPECT_EQ(AfterAttempt(job, refused, job.expires).state, JobState::kFailed);
}

TEST(JobRulesTest, AJobThatEndsGatewaysIsGivenUpAndSaysSo) {
  LeasedJob job = Job();
  job.losses = kMostLosses + 1;
  const JobEnd end = TooManyLosses(job);
  EXPECT_EQ(end.state, JobState::kFailed);
  EXPECT_THAT(end.error, HasSubstr("21 times"));
}

TEST(JobRulesTest, AWebhookIsToldAgainUntilItAnswersOrIsGone) {
  LeasedDelivery delivery;
  delivery.attempts = 3;
  const WebhookRules rules{.max_attempts = 4};
  EXPECT_EQ(AfterDelivery(delivery, {.status = 204}, kNow, rules).state, WebhookState::kSucceeded);
  for (const int status : {0, 302, 404, 429, 500, 503}) {
    const DeliveryEnd end = AfterDelivery(delivery, {.status = status}, kNow, rules);
    EXPECT_EQ(end.state, WebhookState::kPending) << status;
    EXPECT_EQ(end.again, kNow + absl::Seconds(4)) << status;
    EXPECT_EQ(end.record.attempt, 3);
  }
  EXPECT_EQ(AfterDelivery(delivery, {.status = 410}, kNow, rules).state, WebhookState::kFailed);
  const Told refused{.status = 0, .error = "private", .final = true};
  EXPECT_EQ(AfterDelivery(delivery, refused, kNow, rules).state, WebhookState::kFailed);
  delivery.attempts = 4;
  EXPECT_EQ(AfterDelivery(delivery, {.status = 503}, kNow, rules).state, WebhookState::kFailed);
}

}  // namespace
}  // namespace chains::gateway
