// StepGate: lets an engine's steps pass one by one, as the test says.
//
//   StepGate gate;
//   ScriptedBackend::Options{.before = gate.Before()}
//   gate.AwaitStep();       // the engine has come to a step, and waits in it
//   gate.Let(1);            // it may run
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "phi/backend.h"

namespace poems::phi {

// Thread-safe; outlives the engine.
class StepGate {
 public:
  // Of one sequence in a step.
  struct Row {
    int32_t first_token = 0;
    int32_t position = 0;
    int32_t count = 0;
    friend bool operator==(const Row&, const Row&) = default;
  };

  auto Before() {
    return [this](std::span<const SequenceStep> step) { return Pass(step); };
  }

  // `steps` more may run.
  void Let(size_t steps) {
    std::lock_guard lock(mutex_);
    allowed_ += steps;
    changed_.notify_all();
  }
  // All may.
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

  // The rows of the step after those that were let pass: waits until it is there.
  std::vector<Row> AwaitStep() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kLongest, [this] { return arrived_ > allowed_; })) return {};
    return rows_;
  }
  // The most sequences that were in a step.
  size_t most_rows() const {
    std::lock_guard lock(mutex_);
    return most_rows_;
  }

 private:
  static constexpr std::chrono::seconds kLongest{30};

  absl::Status Pass(std::span<const SequenceStep> step) {
    std::unique_lock lock(mutex_);
    rows_.clear();
    for (const SequenceStep& each : step) {
      rows_.push_back({each.tokens[0], each.position, each.token_count});
    }
    most_rows_ = std::max(most_rows_, rows_.size());
    ++arrived_;
    changed_.notify_all();
    if (!changed_.wait_for(lock, kLongest, [this] { return open_ || allowed_ >= arrived_; })) {
      return absl::DeadlineExceededError("the test does not let this step run");
    }
    return absl::OkStatus();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  size_t arrived_ = 0;  // steps; guarded by mutex_, as is what follows
  size_t allowed_ = 0;
  bool open_ = false;
  std::vector<Row> rows_;
  size_t most_rows_ = 0;
};

}  // namespace poems::phi
