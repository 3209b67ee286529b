// AsyncQueue: requests that are accepted now, called later, and whose results are kept for a while:
// a store, who runs its jobs, and who tells their webhooks.
//
//   AsyncQueue queue(loop, std::move(store), std::move(webhook_client), call, {});
//   queue.Start();
//   JobStore::Accepted accepted = co_await queue.Accept(std::make_shared<const NewJob>(job));   //
//   durable std::optional<JobView> job = co_await queue.Find(accepted.id); … co_await
//   queue.Drain(deadline);
//
// Each job is called at least once, under the same id, whatever process ends when; README.md says
// what holds for webhooks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/root.h"
#include "chains/core/task.h"
#include "gateway/async/job_runner.h"
#include "gateway/async/store.h"
#include "gateway/async/store_worker.h"
#include "gateway/async/webhook_sender.h"

namespace chains::gateway {

// For the loop's thread; made and destroyed while that does not run, or on it.
class AsyncQueue {
 public:
  struct Options {
    JobStore::Limits kept = {};                      // of what has ended
    uint64_t max_waiting = 100'000;                  // jobs that have not ended; more are refused
    uint64_t max_waiting_bytes = uint64_t{4} << 30;  // of their inputs
    absl::Duration tidy = absl::Seconds(2);
    size_t max_running = 64;                   // at a time, of this gateway
    size_t max_telling = 16;                   // webhooks at a time
    absl::Duration lease = absl::Seconds(30);  // after which another gateway takes a job over
    absl::Duration poll = absl::Seconds(1);
    WebhookRules webhooks = {};
    std::vector<std::string> secrets = {};  // that sign webhooks
  };

  // `loop` outlives it.
  AsyncQueue(Loop& loop, std::unique_ptr<JobStore> store, std::unique_ptr<WebhookClient> client,
             JobRunner::Call call, Options options);
  AsyncQueue(const AsyncQueue&) = delete;
  AsyncQueue& operator=(const AsyncQueue&) = delete;

  void Start();
  // Once it is durable. ALREADY_EXISTS: its idempotency key was another request's;
  // RESOURCE_EXHAUSTED: the queue is full.
  Task<JobStore::Accepted> Accept(std::shared_ptr<const NewJob> job);
  Task<std::optional<JobView>> Find(std::string id);
  // The job as it is then: canceled, or what it had become before.
  Task<std::optional<JobView>> Cancel(std::string id);
  // As Tidy() saw it last, with what was accepted here since.
  const JobStore::Totals& totals() const { return totals_; }
  size_t running() const { return runner_.running(); }

  // Waits until what runs has ended, until `deadline` at most, and gives the rest back. Once.
  Task<void> Drain(absl::Time deadline);

 private:
  Task<void> Tidy();

  Loop& loop_;
  const Options options_;
  StoreWorker store_;
  WebhookSender webhooks_;
  JobRunner runner_;
  JobStore::Totals totals_;
  JobStore::Totals since_;  // accepted since the last look began
  std::optional<internal::Root<void>> tidying_;
};

}  // namespace chains::gateway
