// A queue over a file of SQLite, on a loop whose clock the test moves, with calls and webhooks that
// the test plays.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/root.h"
#include "chains/core/timing.h"
#include "gateway/async/async_queue.h"
#include "gateway/async/sql_store.h"
#include "tests/gateway/async/store_contract.h"
#include "tests/gateway/async/temp_folder.h"
#include "tests/gateway/http/test_loop.h"

namespace chains::gateway {

// A store that fails when it is told to.
class FlakyStore final : public JobStore {
 public:
  struct Faults {
    std::atomic<bool> away{false};       // every transaction fails
    std::atomic<bool> forgetful{false};  // no lease is known any more
    std::atomic<int> transactions{0};
  };
  FlakyStore(std::unique_ptr<JobStore> store, std::shared_ptr<Faults> faults)
      : store_(std::move(store)), faults_(std::move(faults)) {}

  absl::Status Transaction(absl::FunctionRef<absl::Status()> body) override {
    ++faults_->transactions;
    if (faults_->away) return absl::UnavailableError("away");
    return store_->Transaction(body);
  }
  absl::StatusOr<Accepted> Add(const NewJob& job) override { return store_->Add(job); }
  absl::StatusOr<std::optional<JobView>> Find(const std::string& id) override {
    return store_->Find(id);
  }
  absl::StatusOr<std::optional<JobView>> Cancel(const std::string& id, absl::Time now) override {
    return store_->Cancel(id, now);
  }
  absl::StatusOr<std::vector<LeasedJob>> Lease(const Order& order) override {
    return store_->Lease(order);
  }
  absl::StatusOr<std::vector<std::string>> Renew(const std::string& owner,
                                                 absl::Time until) override {
    if (faults_->forgetful) return std::vector<std::string>();
    return store_->Renew(owner, until);
  }
  absl::StatusOr<bool> Finish(const std::string& id, const std::string& lease, const JobEnd& end,
                              absl::Time now) override {
    return store_->Finish(id, lease, end, now);
  }
  absl::StatusOr<std::vector<LeasedDelivery>> LeaseDeliveries(const Order& order) override {
    return store_->LeaseDeliveries(order);
  }
  absl::StatusOr<bool> Delivered(const std::string& id, const std::string& lease,
                                 const DeliveryEnd& end) override {
    return store_->Delivered(id, lease, end);
  }
  absl::Status Release(const std::string& owner, absl::Time now) override {
    return store_->Release(owner, now);
  }
  absl::StatusOr<Totals> Tidy(absl::Time now, const Limits& limits) override {
    return store_->Tidy(now, limits);
  }
  absl::StatusOr<std::optional<absl::Time>> NextDue() override { return store_->NextDue(); }

 private:
  const std::unique_ptr<JobStore> store_;
  const std::shared_ptr<Faults> faults_;
};

// Webhooks that write down what they are told.
class FakeWebhooks final : public WebhookClient {
 public:
  struct Heard {
    std::mutex mutex;
    std::vector<WebhookMessage> messages;  // guarded by mutex, as is what follows
    int status = 200;                      // that they answer

    size_t count() {
      const std::lock_guard lock(mutex);
      return messages.size();
    }
    void Answer(int next) {
      const std::lock_guard lock(mutex);
      status = next;
    }
  };
  explicit FakeWebhooks(std::shared_ptr<Heard> heard) : heard_(std::move(heard)) {}

  Told Tell(const WebhookMessage& message, std::stop_token) override {
    const std::lock_guard lock(heard_->mutex);
    heard_->messages.push_back(message);
    return {.status = heard_->status};
  }

 private:
  const std::shared_ptr<Heard> heard_;
};

class QueueFixture : public ::testing::Test {
 protected:
  ~QueueFixture() override { queue_.reset(); }

  void Open(AsyncQueue::Options options = {}) {
    absl::StatusOr<std::unique_ptr<JobStore>> store = OpenJobStore("sqlite:" + folder_ / "q.db");
    ASSERT_TRUE(store.ok()) << store.status();
    queue_ = std::make_unique<AsyncQueue>(
        loop_, std::make_unique<FlakyStore>(*std::move(store), faults_),
        std::make_unique<FakeWebhooks>(heard_),
        [this](std::shared_ptr<const LeasedJob> job) { return Called(*this, std::move(job)); },
        std::move(options));
    queue_->Start();
  }

  // The outcome of a task; what it waits for on other threads may take its time.
  template <typename T>
  absl::StatusOr<T> Run(Task<T> task) {
    std::optional<absl::StatusOr<T>> outcome;
    internal::Root<T> root(loop_, Context(), std::move(task),
                           [&](absl::StatusOr<T> done) { outcome.emplace(std::move(done)); });
    root.Start();
    RunUntil([&] { return outcome.has_value(); });
    if (!outcome) return absl::UnknownError("it did not end");
    return *std::move(outcome);
  }
  // Until `done`, at most for as long as nobody would wait.
  void RunUntil(const std::function<bool()>& done) {
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    loop_.RunUntil([&] { return done() || absl::Now() > give_up; });
    EXPECT_TRUE(done());
  }
  // The same, while the clock moves on.
  void RunInTimeUntil(const std::function<bool()>& done) {
    RunUntil([&] {
      loop_.Advance(absl::Milliseconds(250));
      return done();
    });
  }

  std::string Accept(const std::string& id, const std::string& webhook = "", int priority = 0) {
    NewJob job = JobOf(id, priority);
    job.created = loop_.Now();
    job.webhook = webhook;
    job.retries.max_attempts = 3;
    const auto accepted = Run(queue_->Accept(std::make_shared<const NewJob>(job)));
    EXPECT_TRUE(accepted.ok()) << accepted.status();
    return accepted.ok() ? accepted->id : "";
  }
  JobView View(const std::string& id) {
    const auto view = Run(queue_->Find(id));
    EXPECT_TRUE(view.ok() && view->has_value()) << id;
    return view.ok() ? view->value_or(JobView()) : JobView();
  }
  // What the next calls answer, and for how long they take by the test's clock.
  std::function<Attempt(const LeasedJob&)> answer_ = [](const LeasedJob& job) {
    return Attempt{.status = absl::OkStatus(), .result = "\"" + job.id + "\""};
  };
  absl::Duration takes_;
  int live_ = 0;
  std::vector<std::string> called_;  // ids, in order

  TempFolder folder_;
  WorkerPool workers_;
  TestLoop loop_{workers_};
  const std::shared_ptr<FlakyStore::Faults> faults_ = std::make_shared<FlakyStore::Faults>();
  const std::shared_ptr<FakeWebhooks::Heard> heard_ = std::make_shared<FakeWebhooks::Heard>();
  std::unique_ptr<AsyncQueue> queue_;

 private:
  struct Live {
    explicit Live(int& count) : live(count) { ++live; }
    ~Live() { --live; }
    int& live;
  };
  static Task<Attempt> Called(QueueFixture& self, std::shared_ptr<const LeasedJob> job) {
    const Live live(self.live_);
    self.called_.push_back(job->id);
    if (self.takes_ > absl::ZeroDuration()) co_await Sleep(self.takes_);
    co_return self.answer_(*job);
  }
};

}  // namespace chains::gateway
