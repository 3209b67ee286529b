// A queue as a whole: jobs are run, tried again, canceled, given back; webhooks are told.
#include "gateway/async/async_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "tests/gateway/async/queue_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using AsyncQueueTest = QueueFixture;

Attempt Fails(absl::StatusCode code) { return {.status = absl::Status(code, "not now")}; }

TEST_F(AsyncQueueTest, CallsWhatItAcceptedAndKeepsTheResult) {
  Open();
  Accept("a");
  RunUntil([&] { return View("a").state == JobState::kSucceeded; });
  EXPECT_EQ(View("a").result, "\"a\"");
  EXPECT_EQ(View("a").attempts, 1);
  EXPECT_THAT(called_, ElementsAre("a"));
  EXPECT_FALSE(Run(queue_->Find("b"))->has_value());
}

TEST_F(AsyncQueueTest, CallsAgainAfterAPauseWhatFailed) {
  Open();
  answer_ = [](const LeasedJob&) { return Fails(absl::StatusCode::kInternal); };
  Accept("a");
  RunUntil([&] { return called_.size() == 1 && View("a").state == JobState::kQueued; });
  loop_.Advance(absl::Milliseconds(900));
  EXPECT_THAT(called_, SizeIs(1));
  RunInTimeUntil([&] { return called_.size() == 3; });
  RunUntil([&] { return View("a").state == JobState::kFailed; });
  EXPECT_THAT(View("a").error, HasSubstr("not now"));
}

TEST_F(AsyncQueueTest, WaitsForADeploymentThatRefusesAndExpiresInTheEnd) {
  Open();
  answer_ = [](const LeasedJob&) {
    Attempt attempt = Fails(absl::StatusCode::kUnavailable);
    attempt.called = false;
    return attempt;
  };
  Accept("a");
  RunInTimeUntil([&] { return called_.size() >= 5; });
  EXPECT_EQ(View("a").state, JobState::kQueued);
  EXPECT_EQ(View("a").attempts, 0);
  loop_.Advance(absl::Seconds(600));
  RunInTimeUntil([&] { return View("a").state == JobState::kExpired; });
}

TEST_F(AsyncQueueTest, RunsAsManyAsItMayAndTheUrgentFirst) {
  Open({.max_running = 2});
  takes_ = absl::Seconds(5);
  Accept("a");
  Accept("b");
  RunUntil([&] { return live_ == 2; });
  Accept("later", "", 2);
  Accept("sooner", "", 1);
  EXPECT_THAT(called_, SizeIs(2));
  RunInTimeUntil([&] { return called_.size() == 4; });
  EXPECT_THAT(called_, ElementsAre("a", "b", "sooner", "later"));
}

TEST_F(AsyncQueueTest, CancelingDropsACallThatRuns) {
  Open();
  takes_ = absl::Hours(1);
  Accept("a");
  RunUntil([&] { return live_ == 1; });
  const auto canceled = Run(queue_->Cancel("a"));
  ASSERT_TRUE(canceled.ok());
  EXPECT_EQ((*canceled)->state, JobState::kCanceled);
  EXPECT_EQ(live_, 0);
  EXPECT_EQ(queue_->running(), 0u);
}

TEST_F(AsyncQueueTest, DropsWhatSomebodyElseHasByNow) {
  Open();
  takes_ = absl::Hours(1);
  Accept("a");
  RunUntil([&] { return live_ == 1; });
  faults_->forgetful = true;
  RunInTimeUntil([&] { return live_ == 0; });
}

TEST_F(AsyncQueueTest, HoldsAnEndUntilItCanBeWritten) {
  Open();
  takes_ = absl::Seconds(1);
  Accept("a");
  RunUntil([&] { return live_ == 1; });
  faults_->away = true;
  RunInTimeUntil([&] { return live_ == 0; });
  loop_.Advance(absl::Seconds(10));
  EXPECT_EQ(queue_->running(), 1u);
  EXPECT_TRUE(absl::IsUnavailable(Run(queue_->Find("a")).status()));
  faults_->away = false;
  RunInTimeUntil([&] { return queue_->running() == 0; });
  EXPECT_EQ(View("a").state, JobState::kSucceeded);
  EXPECT_THAT(called_, SizeIs(1));
}

TEST_F(AsyncQueueTest, IsFullWhereTooMuchWaits) {
  Open({.max_waiting = 2, .max_running = 1});
  takes_ = absl::Hours(1);
  Accept("a");
  Accept("b");
  const auto third = Run(queue_->Accept(std::make_shared<const NewJob>(JobOf("c"))));
  EXPECT_TRUE(absl::IsResourceExhausted(third.status()));
  EXPECT_THAT(std::string(third.status().message()), HasSubstr("the queue is full: 2 requests"));
}

TEST_F(AsyncQueueTest, TellsAWebhookUntilItHasHeardUnderTheSameId) {
  Open({.secrets = {"secret of sixteen"}});
  heard_->Answer(503);
  Accept("a", "http://a.example/done");
  RunUntil([&] { return heard_->count() == 1; });
  RunInTimeUntil([&] { return heard_->count() == 3; });
  heard_->Answer(204);
  RunInTimeUntil([&] { return View("a").webhook_state == WebhookState::kSucceeded; });
  const auto& messages = heard_->messages;
  ASSERT_THAT(messages, SizeIs(4));
  for (const WebhookMessage& message : messages) {
    EXPECT_EQ(message.url, "http://a.example/done");
    EXPECT_EQ(message.body, messages[0].body);
    const auto of = [&](const std::string& name) {
      for (const auto& [key, value] : message.headers) {
        if (key == name) return value;
      }
      return std::string();
    };
    EXPECT_EQ(of("X-Chains-Delivery"), "a");
    EXPECT_EQ(of("X-Chains-Signature"),
              SignatureOf("secret of sixteen", of("X-Chains-Timestamp"), message.body));
  }
  EXPECT_THAT(messages[0].body, HasSubstr(R"("status":"SUCCEEDED")"));
  EXPECT_THAT(messages[0].body, HasSubstr(R"("result":"a")"));
  const JobView view = View("a");
  ASSERT_THAT(view.deliveries, SizeIs(4));
  EXPECT_EQ(view.deliveries[0].status, 503);
  EXPECT_EQ(view.deliveries[3].status, 204);
}

TEST_F(AsyncQueueTest, DrainingWaitsForWhatRunsAndGivesTheRestBack) {
  Open({.max_running = 2});
  takes_ = absl::Seconds(3);
  Accept("short");
  RunUntil([&] { return live_ == 1; });
  takes_ = absl::Hours(1);
  Accept("long");
  RunUntil([&] { return live_ == 2; });
  Accept("waits");
  bool drained = false;
  internal::Root<void> root(loop_, Context(), queue_->Drain(loop_.Now() + absl::Seconds(10)),
                            [&](const auto&) { drained = true; });
  root.Start();
  RunInTimeUntil([&] { return drained; });
  EXPECT_EQ(live_, 0);
  queue_.reset();
  called_.clear();
  takes_ = absl::ZeroDuration();
  Open();
  RunUntil([&] { return called_.size() == 2; });
  EXPECT_THAT(called_, ElementsAre("long", "waits"));
  EXPECT_EQ(View("short").state, JobState::kSucceeded);
  RunUntil([&] { return View("long").state == JobState::kSucceeded; });
  EXPECT_EQ(View("long").attempts, 1);
}

TEST_F(AsyncQueueTest, GoesOnWithWhatAProcessThatIsGoneHad) {
  Open();
  takes_ = absl::Hours(1);
  Accept("a");
  RunUntil([&] { return live_ == 1; });
  queue_.reset();  // without a drain: nothing is given back
  EXPECT_EQ(live_, 0);
  takes_ = absl::ZeroDuration();
  Open();
  RunUntil([&] { return View("a").state == JobState::kSucceeded; });
  EXPECT_EQ(View("a").attempts, 2);
}

}  // namespace
}  // namespace chains::gateway
