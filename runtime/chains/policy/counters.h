// Counters: what a process did, by chainlet and method.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "chains/contract/method.h"

namespace chains {

// Of one method; any thread may count and read.
class MethodCounters {
 public:
  void Started();
  void Ended(absl::StatusCode code);

  uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }  // that ended
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }
  uint64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  uint64_t max_in_flight() const { return max_in_flight_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> failures_{0};
  std::atomic<uint64_t> in_flight_{0};
  std::atomic<uint64_t> max_in_flight_{0};
};

// Of a process. Thread-safe.
class Counters {
 public:
  // The counters of a method, made at first; they live as long as this object.
  MethodCounters& Of(const Method& method);

  struct Row {
    std::string chainlet;
    std::string method;
    uint64_t calls = 0;
    uint64_t failures = 0;
    uint64_t in_flight = 0;
    uint64_t max_in_flight = 0;
  };
  // By chainlet, then method.
  std::vector<Row> Snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<MethodCounters>> by_method_;
};

}  // namespace chains
