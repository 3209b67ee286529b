// The thread that a store blocks.
#include "gateway/async/store_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "tests/gateway/async/queue_fixture.h"

namespace chains::gateway {
namespace {

class StoreWorkerTest : public QueueFixture {
 protected:
  void OpenWorker(StoreWorker::Options options = {}) {
    worker_ = std::make_unique<StoreWorker>(
        loop_, std::make_unique<FlakyStore>(*OpenJobStore("sqlite:" + folder_ / "w.db"), faults_),
        options);
  }
  // Starts adding a job; its outcome comes to `outcomes_`.
  void Begin(const NewJob& job) {
    const size_t at = outcomes_.size();
    outcomes_.emplace_back();
    const StoreWorker::Operation<JobStore::Accepted> add = [job](JobStore& jobs) {
      return jobs.Add(job);
    };
    auto root = std::make_unique<internal::Root<JobStore::Accepted>>(
        loop_, Context(), worker_->Do<JobStore::Accepted>(add, job.input.size()),
        [this, at](const absl::StatusOr<JobStore::Accepted>& done) {
          outcomes_[at] = done.status();
          ++ended_;
        });
    root->Start();
    roots_.push_back(std::move(root));
  }
  // Holds the thread until Let() is called.
  void Hold() {
    const StoreWorker::Operation<bool> wait = [this](JobStore&) -> absl::StatusOr<bool> {
      std::unique_lock lock(mutex_);
      held_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return let_; });
      return true;
    };
    holding_.emplace(loop_, Context(), worker_->Do<bool>(wait), [](const auto&) {});
    holding_->Start();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_; });
  }
  void Let() {
    const std::lock_guard lock(mutex_);
    let_ = true;
    changed_.notify_all();
  }

  std::vector<absl::Status> outcomes_;
  size_t ended_ = 0;
  std::vector<std::unique_ptr<internal::Root<JobStore::Accepted>>> roots_;
  std::optional<internal::Root<bool>> holding_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool let_ = false;
  std::unique_ptr<StoreWorker> worker_;
};

TEST_F(StoreWorkerTest, CommitsTogetherWhatWasAskedMeanwhile) {
  OpenWorker();
  Hold();
  for (int i = 0; i < 50; ++i) Begin(JobOf(Text("j", i)));
  const int before = faults_->transactions;
  Let();
  RunUntil([&] { return ended_ == 50; });
  EXPECT_EQ(faults_->transactions - before, 1);
  for (const absl::Status& outcome : outcomes_) EXPECT_TRUE(outcome.ok()) << outcome;
}

TEST_F(StoreWorkerTest, OneThatFailsSpoilsNoOther) {
  OpenWorker();
  Hold();
  Begin(JobOf("a"));
  Begin(JobOf("a"));  // the same id: the statement fails
  Begin(JobOf("b"));
  NewJob keyed = JobOf("c");
  keyed.idempotency = "k";
  keyed.fingerprint = "f";
  Begin(keyed);
  keyed.id = "d";
  keyed.fingerprint = "g";
  Begin(keyed);
  Let();
  RunUntil([&] { return ended_ == 5; });
  EXPECT_TRUE(outcomes_[0].ok());
  EXPECT_FALSE(outcomes_[1].ok());
  EXPECT_TRUE(outcomes_[2].ok());
  EXPECT_TRUE(outcomes_[3].ok());
  EXPECT_TRUE(absl::IsAlreadyExists(outcomes_[4])) << outcomes_[4];
}

TEST_F(StoreWorkerTest, RefusesWhatItCannotHold) {
  OpenWorker({.max_waiting = 3, .max_bytes = 100});
  Hold();
  NewJob large = JobOf("large");
  large.input = std::string(80, ' ');
  Begin(large);
  large.id = "second";
  Begin(large);
  EXPECT_EQ(ended_, 0u);
  loop_.Settle();
  EXPECT_TRUE(absl::IsResourceExhausted(outcomes_[1])) << outcomes_[1];
  Begin(JobOf("a"));
  Begin(JobOf("b"));
  Begin(JobOf("c"));
  loop_.Settle();
  EXPECT_TRUE(absl::IsResourceExhausted(outcomes_[4])) << outcomes_[4];
  Let();
  RunUntil([&] { return ended_ == 5; });
  EXPECT_TRUE(outcomes_[3].ok());
}

TEST_F(StoreWorkerTest, WhatIsAskedIsDoneThoughNobodyWaits) {
  OpenWorker();
  Hold();
  Begin(JobOf("a"));
  roots_.clear();
  Let();
  worker_.reset();
  const std::unique_ptr<JobStore> store = *OpenJobStore("sqlite:" + folder_ / "w.db");
  EXPECT_TRUE((*store->Find("a")).has_value());
}

}  // namespace
}  // namespace chains::gateway
