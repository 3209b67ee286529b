// WebhookSender: tells webhooks what became of their jobs, again and again until they have heard.
//
//   WebhookSender sender(loop, worker, std::move(client), {.owner = owner, .secrets = secrets});
//   sender.Start();
//   sender.Look();               // a job has ended
//   co_await sender.Drain();     // before it is destroyed
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/root.h"
#include "chains/core/task.h"
#include "chains/core/worker_pool.h"
#include "gateway/async/job_rules.h"
#include "gateway/async/nudge.h"
#include "gateway/async/store_worker.h"
#include "gateway/async/webhook.h"

namespace chains::gateway {

// For the loop's thread. Destroyed, it interrupts who is being told, and joins its threads.
class WebhookSender {
 public:
  struct Options {
    std::string owner;                         // of its leases; no other process has it
    size_t max_running = 16;                   // at a time, each on a thread of its own
    absl::Duration lease = absl::Seconds(60);  // longer than the client ever takes
    absl::Duration poll = absl::Seconds(1);
    absl::Duration pause = absl::Seconds(1);  // after the store failed
    WebhookRules rules = {};
    std::vector<std::string> secrets = {};  // that sign
  };

  WebhookSender(Loop& loop, StoreWorker& store, std::unique_ptr<WebhookClient> client,
                Options options);
  ~WebhookSender();

  void Start();
  // There may be one to tell.
  void Look() { look_.Give(); }
  size_t running() const { return running_.size(); }
  // Begins with no more, and gives back what it was at: it is told again, under the same id.
  Task<void> Drain();

 private:
  Task<void> TakeDeliveries();
  Task<absl::Duration> TakeSome();
  Task<void> Deliver(std::shared_ptr<const LeasedDelivery> delivery);
  Task<Told> Tell(std::shared_ptr<const WebhookMessage> message);
  Task<void> Write(std::shared_ptr<const LeasedDelivery> delivery,
                   std::shared_ptr<const DeliveryEnd> end);

  Loop& loop_;
  StoreWorker& store_;
  const std::shared_ptr<WebhookClient> client_;
  const Options options_;
  std::stop_source stop_;
  std::map<uint64_t, std::optional<internal::Root<void>>> running_;
  uint64_t begun_ = 0;
  Nudge look_;
  Nudge over_;
  std::optional<internal::Root<void>> taking_;
  WorkerPool threads_;  // last: they end first
};

}  // namespace chains::gateway
