#include "chains/core/blocking.h"

#include "absl/strings/str_cat.h"
#include "chains/core/loop.h"
#include "chains/core/promise.h"
#include "chains/core/worker_pool.h"

namespace chains::internal {

std::coroutine_handle<> BlockingWork::await_suspend(std::coroutine_handle<>) noexcept {
  if (!loop().workers().Submit([this] { RunOnWorker(); })) {
    return waiter().Fail(absl::ResourceExhaustedError(
        absl::StrCat("no thread takes this Blocking work: ", loop().workers().options().max_queued,
                     " pieces wait for ", loop().workers().options().threads,
                     " threads, or the system starts none (ulimit -u, pids.max)")));
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
    } catch (...) {
      status_ = Promise::FromException();
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
