// Leading: leadership on a thread of its own, so that nothing that the platform does keeps it from
// renewing.
//
//   Leading leading(api, {.identity = pod}, [](const absl::Status& why) { …end the process… });
//   absl::Status leads = leading.Await();
#pragma once

#include <functional>
#include <future>
#include <thread>

#include "absl/status/status.h"
#include "chains/core/local_loop.h"
#include "chains/core/worker_pool.h"
#include "deploy/platform/leadership.h"

namespace chains::deploy {

class Leading {
 public:
  // It led, and does not any more; on its thread, once. Nothing may be decided from then on.
  using OnLost = std::function<void(const absl::Status& why)>;

  // `api` outlives it. Begins to wait for the Lease at once.
  Leading(ApiClient& api, Leadership::Options options, OnLost on_lost);
  ~Leading();
  Leading(const Leading&) = delete;

  // Blocks until this process leads. CANCELLED: Stop() came first. Otherwise it never will, and
  // why. For one thread, once.
  absl::Status Await();
  // Waits no longer, or gives the Lease back. Any thread; to repeat it does nothing.
  void Stop();

 private:
  Task<void> Lead();
  void Run();

  Leadership leadership_;
  const OnLost on_lost_;
  WorkerPool workers_{{.threads = 1, .max_queued = 16}};
  LocalLoop loop_{workers_};
  bool stopping_ = false;  // the loop's
  bool led_ = false;       // the loop's
  std::promise<absl::Status> leads_;
  std::thread thread_;
};

}  // namespace chains::deploy
