// TimedBackend: a backend that counts how long its steps take.
//
//   StepTimes times;
//   MakeTimed(MakeCpuBackend(shape, weights, {}), times)
//   times.seconds()
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "phi/backend.h"

namespace bench {

// Thread-safe.
class StepTimes {
 public:
  void Add(std::chrono::nanoseconds taken) { nanoseconds_ += taken.count(); }
  double seconds() const { return 1e-9 * static_cast<double>(nanoseconds_.load()); }

 private:
  std::atomic<int64_t> nanoseconds_ = 0;
};

class TimedBackend final : public poems::phi::Backend {
 public:
  // `times` outlives it.
  TimedBackend(std::unique_ptr<Backend> backend, StepTimes& times)
      : backend_(std::move(backend)), times_(times) {}

  const poems::phi::BackendInfo& info() const override { return backend_->info(); }
  bool Step(poems::phi::SequenceStep* sequences, int32_t count,
            poems::phi::BackendError* error) override {
    const auto begin = std::chrono::steady_clock::now();
    const bool ran = backend_->Step(sequences, count, error);
    times_.Add(std::chrono::steady_clock::now() - begin);
    return ran;
  }

 private:
  const std::unique_ptr<Backend> backend_;
  StepTimes& times_;
};

inline absl::StatusOr<std::unique_ptr<poems::phi::Backend>> MakeTimed(
    absl::StatusOr<std::unique_ptr<poems::phi::Backend>> backend, StepTimes& times) {
  if (!backend.ok()) return backend;
  return std::unique_ptr<poems::phi::Backend>(
      std::make_unique<TimedBackend>(*std::move(backend), times));
}

}  // namespace bench
