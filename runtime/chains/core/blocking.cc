#include "chains/core/blocking.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "chains/core/loop.h"
#include "chains/core/worker_pool.h"

namespace chains::internal {

std::coroutine_handle<> BlockingWork::await_suspend(std::coroutine_handle<>) noexcept {
  if (!loop().workers().Submit([this] { RunOnWorker(); })) {
    return waiter().Fail(absl::ResourceExhaustedError(absl::StrCat(
        "the worker pool's queue is full: ", loop().workers().options().max_queued,
        " pieces of Blocking work wait for ", loop().workers().options().threads, " threads")));
  }
  loop().BlockingStarts();
  waiter().Pin();
  Suspended();
  return std::noop_coroutine();
}

void BlockingWork::RunOnWorker() noexcept {
  if (!stop_.stop_requested()) {
    try {
      status_ = Work(stop_);
    } catch (const std::exception& e) {
      status_ = absl::InternalError(absl::StrCat("exception: ", e.what()));
    } catch (...) {
      status_ = absl::InternalError("exception of an unknown type");
    }
  }
  loop().Post([this] { Return(); });
}

void BlockingWork::Return() {
  loop().BlockingReturns();
  Promise& root = waiter().Unpin();
  if (root.orphaned()) {
    if (!root.pinned()) root.Destroy();
  } else if (status_.ok()) {
    Resume();
  } else {
    Fail(std::move(status_));
  }
}

}  // namespace chains::internal
