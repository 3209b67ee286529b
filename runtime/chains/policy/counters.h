// Counters: what a process did, by chainlet and method.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chains/contract/method.h"
#include "chains/core/gate_counters.h"
#include "chains/core/method_counters.h"
#include "chains/policy/edge_counters.h"

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

  // New counters of what policies do on the way from a chainlet to another process, for one thread
  // that counts; they live as long as this object.
  EdgeCounters& AddEdge(std::string_view from, std::string_view to);

  struct EdgeRow {
    std::string from;
    std::string to;
    EdgeCounts counts;
  };
  // By caller, then callee; what several threads counted is added up.
  std::vector<EdgeRow> Edges() const;

  // Where a thread shows how many calls of a chainlet wait for their turn; it lives as long as this
  // object.
  std::atomic<uint64_t>& AddQueue(const std::string& chainlet);
  // By chainlet: calls that wait for their turn, and are not counted as in flight yet.
  std::map<std::string, uint64_t> Queued() const;

  // Where a thread counts what became of calls of a chainlet that were not let in at once; it lives
  // as long as this object.
  GateCounters& AddGate(const std::string& chainlet);
  // The same since the process started, as events of core/gate_counters.h. Of all threads.
  struct Admission {
    uint64_t waited = 0;
    uint64_t full = 0;
    uint64_t displaced = 0;
    uint64_t too_late = 0;
    uint64_t would_wait = 0;
    uint64_t would_refuse = 0;
    uint64_t limit = 0;  // how many may run now
  };
  std::map<std::string, Admission> Admissions() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::deque<MethodCounters>> by_method_;
  std::map<std::pair<std::string, std::string>, std::deque<EdgeCounters>> edges_;
  std::map<std::string, std::deque<std::atomic<uint64_t>>> queues_;
  std::map<std::string, std::deque<GateCounters>> gates_;
};

}  // namespace chains
