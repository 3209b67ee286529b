// StoreWorker: the thread that a JobStore blocks, so that no loop waits for a disk.
//
//   StoreWorker worker(loop, std::move(store), {});
//   const auto add = [job](JobStore& jobs) { return jobs.Add(job); };
//   JobStore::Accepted accepted = co_await worker.Do<JobStore::Accepted>(add, job->input.size());
//
// What is asked while a commit is under way is committed together: one wait for the disk for all of
// it. Where one of them fails, each is done again in a transaction of its own, so what is asked
// must bear being done twice, and holds what it needs by value. ALREADY_EXISTS has changed nothing,
// and spoils no transaction.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "chains/core/loop.h"
#include "chains/core/task.h"
#include "gateway/async/answer.h"
#include "gateway/async/store.h"

namespace chains::gateway {

class StoreWorker {
 public:
  struct Options {
    size_t max_waiting = 4096;     // what waits for the thread; more is RESOURCE_EXHAUSTED
    size_t max_bytes = 256 << 20;  // of inputs and results among it
    size_t max_batch = 128;        // in one transaction
    size_t max_batch_bytes = 16 << 20;
  };

  // `loop` outlives it.
  StoreWorker(Loop& loop, std::unique_ptr<JobStore> store, Options options);
  // Does what was asked by then, where the store is there.
  ~StoreWorker();
  StoreWorker(const StoreWorker&) = delete;
  StoreWorker& operator=(const StoreWorker&) = delete;

  template <typename T>
  using Operation = std::function<absl::StatusOr<T>(JobStore&)>;
  // What `operation` answered, once it is durable. `bytes` is about what it carries. On the loop's
  // thread; it is done even when the task is dropped.
  template <typename T>
  Task<T> Do(Operation<T> operation, size_t bytes = 0) {
    auto asked = std::make_unique<Asked<T>>(loop_, std::move(operation));
    const std::shared_ptr<Answer<T>> answer = asked->answer;
    co_await Submit(std::move(asked), bytes);
    co_return co_await Outcome(Wait(answer));
  }

 private:
  struct Work {
    virtual ~Work() = default;
    virtual absl::Status Run(JobStore& store) = 0;
    // With the status of the transaction.
    virtual void Done(const absl::Status& committed) = 0;
    size_t bytes = 0;
  };
  template <typename T>
  struct Asked final : Work {
    Asked(Loop& loop, Operation<T> what)
        : operation(std::move(what)), answer(std::make_shared<Answer<T>>(loop)) {}
    absl::Status Run(JobStore& store) override {
      outcome.emplace(operation(store));
      return outcome->status();
    }
    void Done(const absl::Status& committed) override {
      answer->Give(committed.ok() ? *std::move(outcome) : absl::StatusOr<T>(committed));
    }
    const Operation<T> operation;
    const std::shared_ptr<Answer<T>> answer;
    std::optional<absl::StatusOr<T>> outcome;
  };
  using Batch = std::deque<std::unique_ptr<Work>>;

  absl::Status Submit(std::unique_ptr<Work> work, size_t bytes);
  void Run();
  Batch TakeBatch();
  // How the last of it ended.
  absl::Status RunBatch(Batch& batch);
  void GiveUpAtTheEnd(const absl::Status& why);
  absl::Status RunTogether(Batch& batch);
  absl::Status RunOne(Work& work);

  Loop& loop_;
  const std::unique_ptr<JobStore> store_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Batch waiting_;  // guarded by mutex_, as is what follows
  size_t waiting_bytes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace chains::gateway
