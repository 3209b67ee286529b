#include "tests/gateway/async/store_contract.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

JobStore::Order OrderAt(double now, size_t most = 10, const std::string& owner = "me") {
  return {.owner = owner, .now = At(now), .until = At(now + 30), .most = most};
}

std::vector<std::string> IdsOf(const std::vector<LeasedJob>& jobs) {
  std::vector<std::string> ids;
  for (const LeasedJob& job : jobs) ids.push_back(job.id);
  return ids;
}

// Each step of a test is a transaction, and succeeds.
template <typename F>
auto In(JobStore& store, F step) {
  decltype(step()) outcome = absl::UnknownError("not run");
  const absl::Status done = store.Transaction([&] {
    outcome = step();
    return outcome.status();
  });
  EXPECT_TRUE(done.ok()) << done;
  return *std::move(outcome);
}

JobStore::Accepted Add(JobStore& store, const NewJob& job) {
  return In(store, [&] { return store.Add(job); });
}
std::vector<LeasedJob> Lease(JobStore& store, const JobStore::Order& order) {
  return In(store, [&] { return store.Lease(order); });
}
std::vector<LeasedDelivery> Due(JobStore& store, const JobStore::Order& order) {
  return In(store, [&] { return store.LeaseDeliveries(order); });
}
bool Finish(JobStore& store, const LeasedJob& job, const JobEnd& end, double now) {
  return In(store, [&] { return store.Finish(job.id, job.lease, end, At(now)); });
}
JobView View(JobStore& store, const std::string& id) {
  const auto view = In(store, [&] { return store.Find(id); });
  EXPECT_TRUE(view.has_value()) << id;
  return view.value_or(JobView());
}
JobStore::Totals Tidy(JobStore& store, double now, const JobStore::Limits& limits = {}) {
  return In(store, [&] { return store.Tidy(At(now), limits); });
}

JobEnd Success(const std::string& result) {
  JobEnd end;
  end.result = result;
  return end;
}

void KeepsAllThatWasAccepted(const OpenStore& open) {
  NewJob job = JobOf("a");
  job.input = std::string("{\"x\": \"\\u0000\"}\0\xff", 16);
  job.headers = "x: y\n";
  job.place = {.chain = "hello", .deployment = true, .name = "8f3a"};
  job.retries = {.max_attempts = 4,
                 .initial_delay = absl::Milliseconds(5),
                 .max_delay = absl::Milliseconds(9)};
  Add(*open(), job);
  const std::unique_ptr<JobStore> store = open();
  const JobView view = View(*store, "a");
  EXPECT_EQ(view.state, JobState::kQueued);
  EXPECT_EQ(view.webhook_state, WebhookState::kNone);
  EXPECT_EQ(view.created, At(0));
  EXPECT_EQ(view.expires, At(600));
  const std::vector<LeasedJob> leased = Lease(*store, OrderAt(1));
  ASSERT_EQ(leased.size(), 1u);
  EXPECT_EQ(leased[0].input, job.input);
  EXPECT_EQ(leased[0].headers, job.headers);
  EXPECT_EQ(leased[0].place.PathOf("go"), "/chains/hello/deployment/8f3a/go");
  EXPECT_EQ(leased[0].method, "run_remote");
  EXPECT_EQ(leased[0].timeout, absl::Hours(1));
  EXPECT_EQ(leased[0].retries.max_attempts, 4);
  EXPECT_EQ(leased[0].retries.max_delay, absl::Milliseconds(9));
  EXPECT_EQ(leased[0].attempts, 1);
  EXPECT_EQ(View(*store, "a").state, JobState::kInProgress);
  EXPECT_FALSE(In(*store, [&] { return store->Find("b"); }).has_value());
}

void AFailedTransactionLeavesNothing(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  const absl::Status failed = store->Transaction([&]() -> absl::Status {
    EXPECT_TRUE(store->Add(JobOf("a")).ok());
    return absl::AbortedError("no");
  });
  EXPECT_TRUE(absl::IsAborted(failed));
  EXPECT_FALSE(In(*store, [&] { return store->Find("a"); }).has_value());
  // A statement that fails ends its transaction, not the store.
  EXPECT_FALSE(store
                   ->Transaction([&] {
                     EXPECT_TRUE(store->Add(JobOf("b")).ok());
                     return store->Add(JobOf("b")).status();
                   })
                   .ok());
  Add(*store, JobOf("b"));
}

void TheSameKeyIsTheSameJob(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  NewJob job = JobOf("a");
  job.idempotency = "k";
  job.fingerprint = "f";
  EXPECT_FALSE(Add(*store, job).existed);
  job.id = "b";
  const JobStore::Accepted again = Add(*store, job);
  EXPECT_TRUE(again.existed);
  EXPECT_EQ(again.id, "a");
  job.fingerprint = "g";
  EXPECT_TRUE(absl::IsAlreadyExists(store->Transaction([&] { return store->Add(job).status(); })));
  job.idempotency = "";
  EXPECT_EQ(Add(*store, job).id, "b");
  EXPECT_EQ(Add(*store, JobOf("c")).id, "c");
}

void LowerNumbersThenOlderJobsGoFirst(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  Add(*store, JobOf("late", 0, 2));
  Add(*store, JobOf("last", 2, 0));
  Add(*store, JobOf("second", 1, 1));
  Add(*store, JobOf("early", 0, 1));
  EXPECT_THAT(IdsOf(Lease(*store, OrderAt(3, 3))), ElementsAre("early", "late", "second"));
  EXPECT_THAT(IdsOf(Lease(*store, OrderAt(3, 3))), ElementsAre("last"));
  EXPECT_THAT(Lease(*store, OrderAt(3)), IsEmpty());
}

void ALeaseThatRanOutIsSomebodyElses(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  Add(*store, JobOf("a"));
  const std::vector<LeasedJob> first = Lease(*store, OrderAt(0, 1, "one"));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_THAT(Lease(*store, OrderAt(29, 1, "two")), IsEmpty());
  const std::vector<LeasedJob> second = Lease(*store, OrderAt(31, 1, "two"));
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].attempts, 2);
  EXPECT_EQ(second[0].losses, 1);
  EXPECT_FALSE(Finish(*store, first[0], Success("1"), 32));
  EXPECT_EQ(View(*store, "a").state, JobState::kInProgress);
  EXPECT_TRUE(Finish(*store, second[0], Success("2"), 32));
  EXPECT_FALSE(Finish(*store, second[0], Success("3"), 33));
  EXPECT_EQ(View(*store, "a").result, "2");
}

void WhatWasCutOffMayWaitAnew(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  Add(*store, JobOf("a"));
  EXPECT_EQ(Lease(*store, OrderAt(0, 1, "one"))[0].expires, At(600));
  const std::vector<LeasedJob> again = Lease(*store, OrderAt(5000, 1, "two"));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].expires, At(5000) + JobStore::kAfterLoss);
  EXPECT_TRUE(store->Transaction([&] { return store->Release("", At(9000)); }).ok());
  EXPECT_EQ(View(*store, "a").expires, At(9000) + JobStore::kAfterLoss);
}

void ARenewedLeaseLasts(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  Add(*store, JobOf("a"));
  Add(*store, JobOf("b"));
  Lease(*store, OrderAt(0, 1, "one"));
  Lease(*store, OrderAt(0, 1, "two"));
  const auto held = In(*store, [&] { return store->Renew("one", At(100)); });
  EXPECT_THAT(held, ElementsAre("a"));
  EXPECT_THAT(IdsOf(Lease(*store, OrderAt(90, 9, "three"))), ElementsAre("b"));
}

void AJobThatFailedIsQueuedUntilItsTime(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  Add(*store, JobOf("a"));
  const LeasedJob job = Lease(*store, OrderAt(0))[0];
  JobEnd again;
  again.state = JobState::kQueued;
  again.again = At(10);
  EXPECT_TRUE(Finish(*store, job, again, 1));
  EXPECT_THAT(Lease(*store, OrderAt(9)), IsEmpty());
  EXPECT_EQ(In(*store, [&] { return store->NextDue(); }), At(10));
  const LeasedJob second = Lease(*store, OrderAt(10))[0];
  EXPECT_EQ(second.attempts, 2);
  EXPECT_EQ(second.losses, 0);
  again.counts = false;
  again.again = At(11);
  EXPECT_TRUE(Finish(*store, second, again, 10));
  EXPECT_EQ(Lease(*store, OrderAt(11))[0].attempts, 2);
}

void WhatIsCanceledIsNotRun(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  NewJob told = JobOf("a");
  told.webhook = "http://a.example/";
  Add(*store, told);
  Add(*store, JobOf("b"));
  const LeasedJob job = Lease(*store, OrderAt(0, 1))[0];
  for (const char* id : {"a", "b"}) {
    const auto canceled = In(*store, [&] { return store->Cancel(id, At(1)); });
    EXPECT_EQ(canceled->state, JobState::kCanceled);
    EXPECT_THAT(canceled->error, HasSubstr("CANCELLED"));
  }
  EXPECT_EQ(View(*store, "a").webhook_state, WebhookState::kCanceled);
  EXPECT_THAT(In(*store, [&] { return store->Renew("me", At(99)); }), IsEmpty());
  EXPECT_FALSE(Finish(*store, job, Success("1"), 2));
  EXPECT_THAT(Lease(*store, OrderAt(90)), IsEmpty());
  EXPECT_FALSE(In(*store, [&] { return store->Cancel("c", At(1)); }).has_value());
  // What has ended stays what it is.
  Add(*store, JobOf("d"));
  Finish(*store, Lease(*store, OrderAt(1))[0], Success("1"), 2);
  EXPECT_EQ(In(*store, [&] { return store->Cancel("d", At(3)); })->state, JobState::kSucceeded);
}

void WhatNobodyBeganWithExpires(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  NewJob told = JobOf("a");
  told.webhook = "http://a.example/";
  Add(*store, told);
  Add(*store, JobOf("begun"));
  Add(*store, JobOf("begun2"));
  const std::vector<LeasedJob> begun = Lease(*store, OrderAt(0, 3));
  JobEnd again;
  again.state = JobState::kQueued;
  again.again = At(1);
  Finish(*store, begun[1], again, 1);
  again.counts = false;
  Finish(*store, begun[0], again, 1);
  Tidy(*store, 599);
  EXPECT_EQ(View(*store, "a").state, JobState::kQueued);
  EXPECT_THAT(IdsOf(Lease(*store, OrderAt(601, 1, "other"))), ElementsAre("begun"));
  Tidy(*store, 601);
  const JobView expired = View(*store, "a");
  EXPECT_EQ(expired.state, JobState::kExpired);
  EXPECT_THAT(expired.error, HasSubstr("max_time_in_queue_seconds"));
  EXPECT_EQ(Due(*store, OrderAt(602)).size(), 1u);
}

void AWebhookIsToldOnceTheJobHasEnded(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  NewJob told = JobOf("a");
  told.webhook = "https://a.example/hook";
  Add(*store, told);
  Add(*store, JobOf("silent"));
  const std::vector<LeasedJob> jobs = Lease(*store, OrderAt(0));
  EXPECT_THAT(Due(*store, OrderAt(1)), IsEmpty());
  for (const LeasedJob& job : jobs) Finish(*store, job, Success(R"("done")"), 2);
  const std::vector<LeasedDelivery> first = Due(*store, OrderAt(2));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].url, "https://a.example/hook");
  EXPECT_EQ(first[0].job.result, R"("done")");
  EXPECT_THAT(Due(*store, OrderAt(3)), IsEmpty());
  DeliveryEnd later;
  later.state = WebhookState::kPending;
  later.again = At(20);
  later.record = {.attempt = 1, .at = At(4), .status = 503, .error = "busy"};
  const auto report = [&](const LeasedDelivery& delivery, const DeliveryEnd& end) {
    return In(*store, [&] { return store->Delivered("a", delivery.lease, end); });
  };
  EXPECT_TRUE(report(first[0], later));
  EXPECT_FALSE(report(first[0], later));
  EXPECT_THAT(Due(*store, OrderAt(19)), IsEmpty());
  EXPECT_EQ(In(*store, [&] { return store->NextDue(); }), At(20));
  // Whoever had it is gone: it is told again, with the next number.
  ASSERT_EQ(Due(*store, OrderAt(20)).size(), 1u);
  const std::vector<LeasedDelivery> third = Due(*store, OrderAt(51));
  ASSERT_EQ(third.size(), 1u);
  EXPECT_EQ(third[0].attempts, 3);
  DeliveryEnd arrived;
  arrived.record = {.attempt = 3, .at = At(52), .status = 200};
  EXPECT_TRUE(report(third[0], arrived));
  const JobView view = View(*store, "a");
  EXPECT_EQ(view.webhook_state, WebhookState::kSucceeded);
  ASSERT_EQ(view.deliveries.size(), 2u);
  EXPECT_EQ(view.deliveries[0].error, "busy");
  EXPECT_EQ(view.deliveries[0].at, At(4));
  EXPECT_EQ(view.deliveries[1].status, 200);
  EXPECT_THAT(Due(*store, OrderAt(1000)), IsEmpty());
}

void WhatIsGivenBackIsFree(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  NewJob told = JobOf("told");
  told.webhook = "http://a.example/";
  Add(*store, told);
  Finish(*store, Lease(*store, OrderAt(0))[0], Success("1"), 0);
  Add(*store, JobOf("a"));
  Add(*store, JobOf("b", 1));
  Lease(*store, OrderAt(0, 1, "one"));
  Lease(*store, OrderAt(0, 1, "two"));
  Due(*store, OrderAt(0, 1, "one"));
  EXPECT_TRUE(store->Transaction([&] { return store->Release("one", At(1)); }).ok());
  const std::vector<LeasedJob> again = Lease(*store, OrderAt(1, 9, "three"));
  EXPECT_THAT(IdsOf(again), ElementsAre("a"));
  EXPECT_EQ(again[0].attempts, 1);
  EXPECT_EQ(again[0].losses, 0);
  EXPECT_EQ(Due(*store, OrderAt(1, 1, "three")).size(), 1u);
  EXPECT_TRUE(store->Transaction([&] { return store->Release("", At(2)); }).ok());
  const std::vector<LeasedJob> all = Lease(*store, OrderAt(2, 9, "four"));
  EXPECT_THAT(IdsOf(all), ElementsAre("a", "b"));
  EXPECT_EQ(all[1].attempts, 2);
  EXPECT_EQ(all[1].losses, 1);
}

void ForgetsByAgeNumberAndSize(const OpenStore& open) {
  const std::unique_ptr<JobStore> store = open();
  const auto end = [&](const std::string& id, double at, size_t bytes) {
    Finish(*store, Lease(*store, OrderAt(at, 1))[0], Success(std::string(bytes, '1')), at);
    EXPECT_EQ(View(*store, id).state, JobState::kSucceeded);
  };
  NewJob told = JobOf("told");
  told.webhook = "http://a.example/";
  Add(*store, told);
  end("told", 0, 1);
  for (int i = 1; i <= 6; ++i) {
    Add(*store, JobOf(Text("j", i)));
    end(Text("j", i), i, 100);
  }
  Add(*store, JobOf("waits"));
  const auto left = [&] {
    std::set<std::string> ids;
    for (const char* id : {"told", "j1", "j2", "j3", "j4", "j5", "j6", "waits"}) {
      if (In(*store, [&] { return store->Find(id); }).has_value()) ids.insert(id);
    }
    return ids;
  };
  JobStore::Limits limits{.age = absl::Seconds(100)};
  JobStore::Totals totals = Tidy(*store, 101.5, limits);
  EXPECT_THAT(left(), UnorderedElementsAre("told", "j2", "j3", "j4", "j5", "j6", "waits"));
  EXPECT_EQ(totals.waiting, 1u);
  EXPECT_EQ(totals.waiting_bytes, JobOf("waits").input.size());
  EXPECT_EQ(totals.kept, 6u);
  EXPECT_EQ(totals.deliveries, 1u);
  limits.rows = 4;
  Tidy(*store, 101.5, limits);
  EXPECT_THAT(left(), UnorderedElementsAre("told", "j4", "j5", "j6", "waits"));
  limits.bytes = 250;
  for (int i = 0; i < 3; ++i) Tidy(*store, 101.5, limits);
  EXPECT_THAT(left(), UnorderedElementsAre("told", "j5", "j6", "waits"));
}

}  // namespace

absl::Time At(double seconds) {
  return absl::FromUnixSeconds(1'800'000'000) + absl::Seconds(seconds);
}

NewJob JobOf(const std::string& id, int priority, int created) {
  NewJob job;
  job.id = id;
  job.place = {.chain = "hello", .deployment = false, .name = "production"};
  job.method = "run_remote";
  job.input = "{}";
  job.priority = priority;
  job.created = At(created);
  return job;
}

const std::vector<ContractCase>& StoreContract() {
  static const auto* const kCases = new std::vector<ContractCase>{
      {"KeepsAllThatWasAccepted", KeepsAllThatWasAccepted},
      {"AFailedTransactionLeavesNothing", AFailedTransactionLeavesNothing},
      {"TheSameKeyIsTheSameJob", TheSameKeyIsTheSameJob},
      {"LowerNumbersThenOlderJobsGoFirst", LowerNumbersThenOlderJobsGoFirst},
      {"ALeaseThatRanOutIsSomebodyElses", ALeaseThatRanOutIsSomebodyElses},
      {"WhatWasCutOffMayWaitAnew", WhatWasCutOffMayWaitAnew},
      {"ARenewedLeaseLasts", ARenewedLeaseLasts},
      {"AJobThatFailedIsQueuedUntilItsTime", AJobThatFailedIsQueuedUntilItsTime},
      {"WhatIsCanceledIsNotRun", WhatIsCanceledIsNotRun},
      {"WhatNobodyBeganWithExpires", WhatNobodyBeganWithExpires},
      {"AWebhookIsToldOnceTheJobHasEnded", AWebhookIsToldOnceTheJobHasEnded},
      {"WhatIsGivenBackIsFree", WhatIsGivenBackIsFree},
      {"ForgetsByAgeNumberAndSize", ForgetsByAgeNumberAndSize},
  };
  return *kCases;
}

}  // namespace chains::gateway
