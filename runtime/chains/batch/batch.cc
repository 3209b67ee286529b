#include "chains/batch/batch.h"

#include <algorithm>

namespace chains::internal {

// A place among max_running, until the function's frames are gone: work on another thread that
// nobody waits for any more keeps it.
class Batch::RunningPlace {
 public:
  RunningPlace(BatchQueue& queue, Loop& loop) : queue_(queue), loop_(loop), began_(loop.Now()) {}
  RunningPlace(const RunningPlace&) = delete;
  ~RunningPlace() {
    const absl::Time now = loop_.Now();
    queue_.Release(now, answered_ ? std::optional(now - began_) : std::nullopt);
  }
  void Answered() { answered_ = true; }

 private:
  BatchQueue& queue_;
  Loop& loop_;
  const absl::Time began_;
  bool answered_ = false;
};

void Batch::Begin() {
  BatchMembers present = queue_->Begin(*this);
  if (present.empty()) {
    queue_->Release(host_.Now(), std::nullopt);
    host_.HostingEnds();
    return;
  }
  absl::Time latest = absl::InfinitePast();  // what the function calls has as long as any member
  for (const auto& member : present) latest = std::max(latest, member->call_.deadline);
  root_.emplace(host_, Context().WithDeadline(latest), Run(queue_, std::move(present)),
                [self = shared_from_this()](const absl::StatusOr<Unit>& outcome) {
                  self->End(outcome.status());
                });
  root_->Start();
}

Task<void> Batch::Run(std::shared_ptr<BatchQueue> queue, BatchMembers members) {
  RunningPlace place(*queue, (co_await Here()).loop());
  co_await queue->Compute(std::move(members));
  place.Answered();
}

void Batch::End(const absl::Status& status) {
  root_.reset();
  queue_->Answer(members_, status);
  host_.HostingEnds();
}

// Work on another thread that has not returned keeps its frames, and the loop, until it does.
void Batch::Drop() {
  if (!root_) return;
  root_.reset();
  host_.HostingEnds();
}

}  // namespace chains::internal
