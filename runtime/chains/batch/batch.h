// Batch: members that are computed together, on the loop of the oldest. Implementation detail of
// batcher.h.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "chains/batch/batch_queue.h"
#include "chains/core/loop.h"
#include "chains/core/root.h"
#include "chains/core/task.h"

namespace chains::internal {

// It has closed. Posts to its loop, its frame and its root's end share it.
class Batch final : public std::enable_shared_from_this<Batch>, private Loop::Job {
 public:
  Batch(std::shared_ptr<BatchQueue> queue, Loop& host, BatchMembers members)
      : queue_(std::move(queue)), host_(host), members_(std::move(members)) {}

  // For the loop's thread.
  void Begin();
  // Nobody waits for it any more.
  void Drop();

 private:
  friend class BatchQueue;
  class RunningPlace;
  static Task<void> Compute(std::shared_ptr<Batch> batch, BatchMembers members);
  void End(const absl::Status& status);
  void Run() override;

  const std::shared_ptr<BatchQueue> queue_;
  Loop& host_;
  BatchMembers members_;
  size_t waiting_ = 0;  // of them, still; guarded by the queue's mutex
  std::optional<Root<void>> root_;
  std::optional<absl::Duration> taken_;  // by a function that answered
  std::shared_ptr<Batch> self_;          // while it is listed to run
};

}  // namespace chains::internal
