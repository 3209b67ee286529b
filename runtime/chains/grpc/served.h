// Served: a call that a lane took, however it came: it is counted among the lane's, timed, written
// down where somebody wants that, and its task runs.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/contract/bytes.h"
#include "chains/contract/service.h"
#include "chains/core/root.h"
#include "chains/grpc/lane.h"
#include "chains/grpc/metadata.h"
#include "chains/grpc/receipts.h"

namespace chains::internal {

// For the lane's reactor's thread.
class Served {
 public:
  Served(const Served&) = delete;

 protected:
  explicit Served(Lane& lane) : lane_(lane) {}
  ~Served() {
    if (counted_) --lane_.in_flight();
  }

  // It is one of the lane's, as long as this lives.
  void Count() {
    counted_ = true;
    ++lane_.in_flight();
  }
  // Why it is refused where the lane is full, or takes no calls. It is among those that it has.
  absl::Status TooManyCalls() const;

  // Runs `answer` under `context`. Its outcome comes to Answer(), from a job.
  void Run(const Service::Handler& handler, Context context, Task<Bytes> answer);
  // Drops it, if it runs.
  void DropTask() { task_.reset(); }
  // It has its outcome, and Answer() will soon.
  bool ended() const { return task_ && task_->ended(); }

  // The time that it took is noted; once.
  void NoteTime() {
    if (times_ != nullptr) std::exchange(times_, nullptr)->Add(lane_.reactor().Now() - arrived_);
  }
  // It ends so, in its own words; before the receipt's Answer().
  void NoteEnd(const absl::Status& status) {
    if (receipt_ != nullptr) [[unlikely]]
      receipt_->Ended(status);
  }
  // Where it is written down; else null.
  ServedReceipt* receipt() const { return receipt_.get(); }
  // What its caller asked to be told of the load, or negative.
  int Load() const;

  Lane& lane_;
  Wishes wishes_;

 private:
  // May destroy this.
  virtual void Answer(absl::StatusOr<Bytes> outcome, const Method& method) = 0;
  void NoteFailure(const Method& method, const absl::Status& failure) const;

  std::unique_ptr<ServedReceipt> receipt_;
  std::optional<Root<Bytes>> task_;
  TimeHistogram* times_ = nullptr;  // until it has been noted how long the call took
  absl::Time arrived_;
  bool counted_ = false;
};

}  // namespace chains::internal
