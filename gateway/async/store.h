// JobStore: where jobs are kept: SQLite on one machine, PostgreSQL where several gateways share
// them.
//
//   absl::Status done = store.Transaction([&] {
//     absl::StatusOr<JobStore::Accepted> accepted = store.Add(job);
//     …
//   });                                     // OK: all of it is on disk
//
// Small on purpose: what jobs may become is decided by job_rules.h, the store only keeps it. Who
// holds a lease may change the job; an end that comes with a lease that somebody else has by now
// changes nothing and answers false. Everything may be asked again after a failure.
//
// For one thread at a time; blocks. Failures say which database and what to do next; UNAVAILABLE
// where it may work again by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/async/job.h"

namespace chains::gateway {

class JobStore {
 public:
  virtual ~JobStore() = default;

  // All that `body` does, durable when it answers OK, or nothing of it.
  virtual absl::Status Transaction(absl::FunctionRef<absl::Status()> body) = 0;

  struct Accepted {
    std::string id;  // of the job that is there
    bool existed = false;
  };
  // A job with the same idempotency key is answered instead of a new one. ALREADY_EXISTS: what was
  // asked with that key was something else.
  virtual absl::StatusOr<Accepted> Add(const NewJob& job) = 0;
  virtual absl::StatusOr<std::optional<JobView>> Find(const std::string& id) = 0;
  // The job as it is then; nullopt without one. One that is final stays what it is.
  virtual absl::StatusOr<std::optional<JobView>> Cancel(const std::string& id, absl::Time now) = 0;

  // For so long at least a job may wait anew whose run was cut off, whatever its time in the queue.
  static constexpr absl::Duration kAfterLoss = absl::Minutes(10);

  struct Order {
    std::string owner;  // of the leases: one gateway's process
    absl::Time now;
    absl::Time until;  // when they run out
    size_t most = 1;
  };
  // Jobs that are to run now, by priority, then age: queued ones, and those whose lease ran out.
  virtual absl::StatusOr<std::vector<LeasedJob>> Lease(const Order& order) = 0;
  // Those that `owner` runs, now held until `until`; what is not among them it has lost.
  virtual absl::StatusOr<std::vector<std::string>> Renew(const std::string& owner,
                                                         absl::Time until) = 0;
  // False: the lease is gone.
  virtual absl::StatusOr<bool> Finish(const std::string& id, const std::string& lease,
                                      const JobEnd& end, absl::Time now) = 0;

  virtual absl::StatusOr<std::vector<LeasedDelivery>> LeaseDeliveries(const Order& order) = 0;
  virtual absl::StatusOr<bool> Delivered(const std::string& id, const std::string& lease,
                                         const DeliveryEnd& end) = 0;

  // Gives back what `owner` holds; an empty owner means everybody's: at the start of who is alone.
  virtual absl::Status Release(const std::string& owner, absl::Time now) = 0;

  struct Limits {
    absl::Duration age = absl::Hours(24);  // of what is final
    uint64_t rows = 100'000;               // of what is final; the oldest go first
    uint64_t bytes = uint64_t{4} << 30;
  };
  struct Totals {
    uint64_t waiting = 0;  // queued or in progress
    uint64_t waiting_bytes = 0;
    uint64_t kept = 0;  // final
    uint64_t kept_bytes = 0;
    uint64_t deliveries = 0;  // webhooks that are to be told
    bool more = false;        // there is more to tidy at once
  };
  // Lets jobs expire, and forgets what is beyond the limits; never one whose webhook is to be told.
  virtual absl::StatusOr<Totals> Tidy(absl::Time now, const Limits& limits) = 0;

  // When the next queued job or webhook is due; nullopt: none waits.
  virtual absl::StatusOr<std::optional<absl::Time>> NextDue() = 0;
};

}  // namespace chains::gateway
