// Counters: what a process did, by chainlet and method.
//
//   Counters counters;
//   MethodCounters& here = counters.Add(method);   // for one thread, which counts
//   for (const Counters::Row& row : counters.Snapshot()) …
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "chains/contract/method.h"
#include "chains/core/call_measures.h"
#include "chains/core/gate_counters.h"
#include "chains/core/method_counters.h"
#include "chains/core/size_counters.h"
#include "chains/core/time_histogram.h"
#include "chains/core/traced_times.h"
#include "chains/policy/edge_counters.h"

namespace chains {

// Of a process. Thread-safe. What it hands out is for one thread that counts, and lives as long as
// this object; what several threads counted is added up when it is read.
class Counters final : public internal::TracedTimes {
 public:
  // ---- Calls of a chainlet of this process.

  MethodCounters& Add(const Method& method);
  struct Row {
    std::string chainlet;
    std::string method;
    uint64_t calls = 0;
    uint64_t failures = 0;
    uint64_t in_flight = 0;
    uint64_t max_in_flight = 0;  // of several threads: of each by itself, added up
    CodeCounters::Counts codes = {};
  };
  std::vector<Row> Snapshot() const;  // by chainlet, then method

  // Where a thread shows how many calls of a chainlet wait for their turn.
  std::atomic<uint64_t>& AddQueue(const std::string& chainlet);
  // By chainlet: calls that wait for their turn, and are not counted as in flight yet.
  std::map<std::string, uint64_t> Queued() const;

  // Where a thread counts what became of calls of a chainlet that were not let in at once.
  GateCounters& AddGate(const std::string& chainlet);
  // The same since the process started, as events of core/gate_counters.h. Of all threads.
  struct Admission {
    uint64_t waited = 0;
    uint64_t full = 0;
    uint64_t displaced = 0;
    uint64_t too_late = 0;
    uint64_t would_wait = 0;
    uint64_t would_refuse = 0;
    uint64_t late_call = 0;
    uint64_t limit = 0;  // how many may run now
    TimeCounts waits = {};
  };
  std::map<std::string, Admission> Admissions() const;

  // How long calls of a chainlet took that came from another process.
  TimeHistogram& AddServed(std::string_view chainlet);
  std::map<std::string, TimeCounts> ServedTimes() const;

  // Batches of a chainlet's Batchers, which may outlive this object.
  std::shared_ptr<SizeCounters> AddBatches(std::string_view chainlet);
  std::map<std::string, SizeCounters::Counts> Batches() const;

  // ---- Calls that a chainlet of this process makes.

  // Of one method. `remote`: to another process.
  CallMeasures& AddCalls(std::string_view caller, const Method& callee, bool remote);
  struct CallRow {
    std::string caller;
    std::string callee;
    std::string method;
    bool remote = false;
    CodeCounters::Counts codes = {};
    uint64_t further_attempts = 0;
    TimeCounts durations = {};  // of those that were timed
  };
  std::vector<CallRow> Calls() const;  // by caller, callee, method

  // What policies do on the way from a chainlet to another process.
  EdgeCounters& AddEdge(std::string_view from, std::string_view to);
  struct EdgeRow {
    std::string from;
    std::string to;
    EdgeCounts counts;
  };
  std::vector<EdgeRow> Edges() const;  // by caller, then callee

  // ---- Calls that are recorded. Takes a lock.

  void Served(std::string_view chainlet, absl::Duration user, absl::Duration serialize) override;
  void Crossed(std::string_view caller, absl::Duration network) override;
  struct Traced {
    TimeCounts user = {};
    TimeCounts serialize = {};
    TimeCounts network = {};
  };
  std::map<std::string, Traced, std::less<>> TracedCalls() const;

 private:
  template <typename Key, typename Each>
  using ByThread = std::map<Key, std::deque<Each>>;
  using CallKey = std::tuple<std::string, std::string, std::string, bool>;

  Traced& TracedOf(std::string_view chainlet);

  // What maps have may be counted by its thread meanwhile; the maps are guarded.
  mutable std::mutex mutex_;
  ByThread<std::pair<std::string, std::string>, MethodCounters> by_method_;
  ByThread<std::pair<std::string, std::string>, EdgeCounters> edges_;
  ByThread<CallKey, CallMeasures> calls_;
  ByThread<std::string, std::atomic<uint64_t>> queues_;
  ByThread<std::string, GateCounters> gates_;
  ByThread<std::string, TimeHistogram> served_;
  ByThread<std::string, std::shared_ptr<SizeCounters>> batches_;
  std::map<std::string, Traced, std::less<>> traced_;
};

}  // namespace chains
