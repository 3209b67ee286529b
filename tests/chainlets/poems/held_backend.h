// HeldBackend: a backend whose steps wait until the test lets them run.
//
//   HeldBackend::Hold hold;
//   HeldBackend::Around(MakeCpuBackend(…), &hold)     // null: nothing waits
//   hold.Let(1);                                      // a step
//   hold.Open();                                      // all
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/statusor.h"
#include "phi/backend.h"

namespace poems::phi {

class HeldBackend final : public Backend {
 public:
  // Thread-safe; outlives the backend. A step that waits for 30 s fails.
  class Hold {
   public:
    void Let(size_t steps) {
      std::lock_guard lock(mutex_);
      allowed_ += steps;
      changed_.notify_all();
    }
    void Open() {
      std::lock_guard lock(mutex_);
      open_ = true;
      changed_.notify_all();
    }
    bool Pass() {
      std::unique_lock lock(mutex_);
      const bool passed = changed_.wait_for(lock, std::chrono::seconds(30),
                                            [this] { return open_ || allowed_ > 0; });
      if (passed && !open_) --allowed_;
      return passed;
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    size_t allowed_ = 0;
    bool open_ = false;
  };

  static absl::StatusOr<std::unique_ptr<Backend>> Around(
      absl::StatusOr<std::unique_ptr<Backend>> backend, Hold* hold) {
    if (!backend.ok() || hold == nullptr) return backend;
    return std::unique_ptr<Backend>(std::make_unique<HeldBackend>(*std::move(backend), *hold));
  }
  HeldBackend(std::unique_ptr<Backend> backend, Hold& hold)
      : backend_(std::move(backend)), hold_(hold) {}

  const BackendInfo& info() const override { return backend_->info(); }
  bool Step(SequenceStep* sequences, int32_t count, BackendError* error) override {
    if (hold_.Pass()) return backend_->Step(sequences, count, error);
    error->code = static_cast<int32_t>(absl::StatusCode::kDeadlineExceeded);
    std::strncpy(error->message, "the test does not let this step run", sizeof(error->message) - 1);
    return false;
  }

 private:
  const std::unique_ptr<Backend> backend_;
  Hold& hold_;
};

}  // namespace poems::phi
