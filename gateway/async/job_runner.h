// JobRunner: takes jobs from the store while there is room, has them called, and says what became
// of them.
//
//   JobRunner runner(loop, worker, [](std::shared_ptr<const LeasedJob> job) { return Call(job); },
//   {}); runner.Start(); runner.Look();                      // a job was accepted co_await
//   runner.Drain(deadline);    // before it is destroyed
//
// It holds what it runs by leases that it renews; a job that it finds somebody else's, or canceled,
// is dropped where it stands. A job whose end cannot be written is held until it can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/root.h"
#include "chains/core/task.h"
#include "gateway/async/job.h"
#include "gateway/async/job_rules.h"
#include "gateway/async/nudge.h"
#include "gateway/async/store_worker.h"

namespace chains::gateway {

// For the loop's thread.
class JobRunner {
 public:
  struct Options {
    std::string owner;        // of its leases; no other process has it
    size_t max_running = 64;  // at a time
    absl::Duration lease = absl::Seconds(30);
    absl::Duration renewal = absl::Seconds(2);
    absl::Duration poll = absl::Seconds(1);   // at the longest, between looks for what is due
    absl::Duration pause = absl::Seconds(1);  // after the store failed
  };
  // One call of a job; ends in time by itself. What it fails with is the attempt's failure.
  using Call = std::function<Task<Attempt>(std::shared_ptr<const LeasedJob>)>;
  // Something ended, so that a webhook may be due.
  using Ended = std::function<void()>;

  JobRunner(Loop& loop, StoreWorker& store, Call call, Ended ended, Options options);

  void Start();
  // There may be a job to run.
  void Look() { look_.Give(); }
  // Drops it, if it runs here: it is canceled.
  void Drop(const std::string& id);
  size_t running() const { return running_.size(); }
  // Takes no more; waits until what runs has ended, until `deadline` at most, and gives the rest
  // back. Once.
  Task<void> Drain(absl::Time deadline);

 private:
  struct Run {
    std::string lease;
    std::optional<internal::Root<void>> root;
  };

  Task<void> TakeJobs();
  Task<absl::Duration> TakeSome();
  Task<void> RenewLeases();
  Task<void> RenewOnce();
  Task<void> RunToEnd(std::shared_ptr<const LeasedJob> job);
  Task<void> Write(std::shared_ptr<const LeasedJob> job, std::shared_ptr<const JobEnd> end);
  void Begin(LeasedJob job);
  void Over(const std::string& id, const std::string& lease);

  Loop& loop_;
  StoreWorker& store_;
  const Call call_;
  const Ended ended_;
  const Options options_;
  std::map<std::string, Run> running_;  // by id
  Nudge look_;
  Nudge over_;
  std::optional<internal::Root<void>> taking_;
  std::optional<internal::Root<void>> renewing_;
};

}  // namespace chains::gateway
