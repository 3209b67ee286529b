// What stands behind a Batcher, whatever its types: calls that wait, batches that run, and the
// loops that both are on. Implementation detail of batcher.h.
//
// A call is a BatchMember, and a BatchWait in the frame that awaits it. The queue is shared by all
// loops and has no thread: members' own timers, arrivals and ends of batches look at the plan. A
// batch runs on the loop of its oldest member, as a root that no frame owns; that loop *hosts* it,
// and does not end before it (core/loop.h). What is due to another loop is posted there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "chains/batch/batch_plan.h"
#include "chains/core/loop.h"
#include "chains/core/size_counters.h"
#include "chains/core/task.h"

namespace chains {

// What a Batcher did and does.
struct BatchCounts {
  size_t queued = 0;          // calls that wait for a batch
  size_t running = 0;         // batches whose function has not returned
  uint64_t batches = 0;       // that began
  uint64_t members = 0;       // calls that were in them
  uint64_t failed = 0;        // members that got an error, their own or the batch's
  uint64_t refused_full = 0;  // max_queued
  uint64_t refused_late = 0;  // their deadline had passed before a batch took them
  uint64_t dropped = 0;       // gone before anything was computed for them
  absl::Duration estimate;    // how long the next batch is expected to take
};

namespace internal {

class Batch;
class BatchQueue;
class BatchWait;

// One call. Its frame, the queue or batch that it is in, and posts on their way share it.
class BatchMember {
 public:
  BatchMember(uint64_t cost, int priority) : call_{.cost = cost, .priority = priority} {}
  BatchMember(const BatchMember&) = delete;
  virtual ~BatchMember() = default;

 protected:
  // By who computes it, instead of an outcome.
  void Fail(absl::Status failure) { failure_ = std::move(failure); }

 private:
  friend class Batch;
  friend class BatchQueue;
  friend class BatchWait;
  enum class Place { kNone, kQueue, kBatch };

  // Fixed once it has entered the queue.
  WaitingCall call_;
  Loop* loop_ = nullptr;
  // Guarded by the queue's mutex.
  Place place_ = Place::kNone;
  Batch* batch_ = nullptr;  // while it is there
  absl::Time looks_at_;     // when its timer fires
  // Of who computes it, then of its loop.
  absl::Status failure_;
  absl::Time began_ = absl::InfiniteFuture();  // when its batch did
  size_t batch_size_ = 0;                      // members of that
  // For its loop's thread; null once nobody waits.
  BatchWait* wait_ = nullptr;
};
using BatchMembers = std::vector<std::shared_ptr<BatchMember>>;

// Thread-safe; made by make_shared.
class BatchQueue : public std::enable_shared_from_this<BatchQueue> {
 public:
  explicit BatchQueue(BatchOptions options)
      : options_(std::move(options)), estimate_(options_.expected_run) {}
  BatchQueue(const BatchQueue&) = delete;
  virtual ~BatchQueue() = default;

  BatchCounts counts() const;
  const BatchOptions& options() const { return options_; }

 protected:
  // Gives each member its outcome; when it fails, all of them have that status instead. On the
  // batch's loop; at most max_running at a time.
  virtual Task<void> Compute(BatchMembers members) = 0;
  // INTERNAL unless there are as many replies as members.
  absl::Status CheckReplies(size_t replies, size_t members) const;

 private:
  friend class Batch;
  friend class BatchWait;

  // Of a BatchWait, on its loop's thread.
  absl::Status Enter(std::shared_ptr<BatchMember> member, absl::Time now);
  void Leave(BatchMember& member);
  void LookAgain(BatchMember& member, absl::Time now);
  absl::Time LooksAt(const BatchMember& member) const;

  // Of a Batch, on its loop's thread.
  BatchMembers Begin(Batch& batch, absl::Time now);
  void Answer(BatchMembers& members, const absl::Status& status);
  void Release(absl::Time now, std::optional<absl::Duration> taken);

  // The rest with mutex_ held.
  absl::Status Refusal(const WaitingCall& call, absl::Time now);
  bool MayRun() const { return running_ < options_.max_running; }
  void CloseWhatIsDue(absl::Time now);
  void Close(BatchMembers members);
  BatchMembers Take(const std::vector<size_t>& places);
  void Compact();
  void RefuseLate(BatchMembers members, absl::Time now);
  void LookEarlier(const std::shared_ptr<BatchMember>& member, absl::Time when);
  absl::Time NextLook(const BatchMember& member, absl::Time now) const;
  static void WakeAll(BatchMembers members);

  const BatchOptions options_;
  // How large batches are, told to the chainlet that the queue was made for; may be null.
  const std::shared_ptr<SizeCounters> sizes_ = BuildingFor::batches();
  mutable std::mutex mutex_;
  // Guarded by mutex_. In order of arrival; waiting_ is what the plan sees of queue_.
  BatchMembers queue_;
  std::vector<WaitingCall> waiting_;
  size_t running_ = 0;  // closed, and not returned
  RunEstimate estimate_;
  BatchCounts counts_;
};

}  // namespace internal
}  // namespace chains
