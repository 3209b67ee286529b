// Counters: what a process did, by chainlet and method.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "chains/contract/method.h"
#include "chains/core/method_counters.h"

namespace chains {

// Of a process. Thread-safe.
class Counters {
 public:
  // New counters of a method, for one thread that counts; they live as long as this object.
  MethodCounters& Add(const Method& method);

  struct Row {
    std::string chainlet;
    std::string method;
    uint64_t calls = 0;
    uint64_t failures = 0;
    uint64_t in_flight = 0;
    uint64_t max_in_flight = 0;  // of several threads: of each by itself, added up
  };
  // By chainlet, then method; what several threads counted is added up.
  std::vector<Row> Snapshot() const;

  // Where a thread shows how many calls of a chainlet wait for their turn; it lives as long as this
  // object.
  std::atomic<uint64_t>& AddQueue(const std::string& chainlet);
  // By chainlet: calls that wait for their turn, and are not counted as in flight yet.
  std::map<std::string, uint64_t> Queued() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::deque<MethodCounters>> by_method_;
  std::map<std::string, std::deque<std::atomic<uint64_t>>> queues_;
};

}  // namespace chains
