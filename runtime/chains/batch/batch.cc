#include "chains/batch/batch.h"

#include <algorithm>

#include "chains/core/receipt.h"

namespace chains::internal {

// A place among max_running, which a function that did not answer keeps until its frames are gone:
// work on another thread may use them although nobody waits for it.
class Batch::RunningPlace {
 public:
  explicit RunningPlace(Batch& batch) : batch_(batch) {}
  RunningPlace(const RunningPlace&) = delete;
  ~RunningPlace() {
    if (!batch_.taken_) batch_.queue_->Release(batch_.host_.Now(), std::nullopt);
  }

 private:
  Batch& batch_;
};

void Batch::Begin() {
  BatchMembers present = queue_->Begin(*this, AnyReceipt() ? host_.Now() : absl::InfiniteFuture());
  if (present.empty()) {
    queue_->Release(host_.Now(), std::nullopt);
    host_.HostingEnds();
    return;
  }
  absl::Time latest = absl::InfinitePast();  // what the function calls has as long as any member
  for (const auto& member : present) latest = std::max(latest, member->call_.deadline);
  root_.emplace(host_, Context().WithDeadline(latest),
                Compute(shared_from_this(), std::move(present)),
                [self = shared_from_this()](const absl::StatusOr<Unit>& outcome) {
                  self->End(outcome.status());
                });
  root_->Start();
}

Task<void> Batch::Compute(std::shared_ptr<Batch> batch, BatchMembers members) {
  const RunningPlace place(*batch);
  const absl::Time began = batch->host_.Now();
  co_await batch->queue_->Compute(std::move(members));
  batch->taken_ = batch->host_.Now() - began;
}

// The next batch is chosen after the members that are on this loop went on: who calls again at once
// is in it. Were it chosen before, two groups of callers that once got apart would take turns for
// ever, each in a batch that is half full.
void Batch::End(const absl::Status& status) {
  root_.reset();
  queue_->Answer(members_, status);
  host_.Post([self = shared_from_this()] {
    self->self_ = self;
    self->host_.Ready(*self);
  });
}

void Batch::Run() {
  const std::shared_ptr<Batch> self = std::move(self_);
  if (taken_) queue_->Release(host_.Now(), taken_);
  host_.HostingEnds();
}

// Work on another thread that has not returned keeps its frames, and the loop, until it does.
void Batch::Drop() {
  if (!root_) return;
  root_.reset();
  if (taken_) queue_->Release(host_.Now(), taken_);
  host_.HostingEnds();
}

}  // namespace chains::internal
