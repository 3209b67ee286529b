// Meter: what this process has done since it started, as its platform is told of it, and
// Prometheus.
//
//   Meter meter(counters, {"hello.SayHello"}, ProcessStart(absl::Now()));
//   meter.Watch(reactor);
//   v1::Measurements now = meter.Take(absl::Now());
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/gpu/gauges.h"
#include "chains/metrics/lag_monitor.h"
#include "chains/policy/counters.h"
#include "chains/v1/telemetry.pb.h"

namespace chains {

class Meter {
 public:
  // Of a process that serves `chainlets` and started at `started`; `counters` outlive it.
  Meter(const Counters& counters, std::vector<std::string> chainlets, absl::Time started)
      : counters_(counters), chainlets_(std::move(chainlets)), started_(started) {}
  Meter(const Meter&) = delete;

  // Before `loop` runs, which outlives the watching.
  void Watch(Loop& loop);
  // No loop runs any more.
  void Unwatch();

  // How long a phase of the start took: "load", "construct", "ready". Any thread.
  void Took(const std::string& phase, absl::Duration time);

  // Any thread; takes some 100 µs.
  v1::Measurements Take(absl::Time now);

 private:
  void AddEdges(v1::Measurements& all) const;
  void AddChainlets(v1::Measurements& all) const;
  void AddProcess(v1::ProcessMeasurement& process, absl::Time now);

  struct Watched {
    Loop* loop;
    std::unique_ptr<LagMonitor> monitor;
  };
  const Counters& counters_;
  const std::vector<std::string> chainlets_;
  const absl::Time started_;
  std::mutex mutex_;
  std::vector<Watched> watched_;  // guarded by mutex_, as all that follows
  TimeCounts lags_before_;        // of loops that are not watched any more
  uint64_t stalls_before_ = 0;
  std::map<std::string, double> phases_;
  gpu::Gauges gpus_;
};

}  // namespace chains
