#include "chains/metrics/meter.h"

#include <algorithm>
#include <set>

#include "chains/metrics/edge_message.h"
#include "chains/metrics/histogram_message.h"
#include "chains/metrics/process_figures.h"

namespace chains {
namespace {

void AddRefused(const Counters::Admission& admission, v1::ChainletMeasurement& row) {
  const auto add = [&row](const char* reason, uint64_t count) {
    if (count > 0) (*row.mutable_refused())[reason] = count;
  };
  add("full", admission.full);
  add("displaced", admission.displaced);
  add("too_late", admission.too_late);
  add("late_call", admission.late_call);
  add("would_wait", admission.would_wait);
  add("would_refuse", admission.would_refuse);
}

v1::SizeHistogram SizesOf(const SizeCounters::Counts& counts) {
  v1::SizeHistogram sizes;
  for (size_t i = 0; i < counts.buckets.size(); ++i) {
    sizes.add_at_most(static_cast<uint32_t>(SizeCounters::EndOf(i)));
    sizes.add_counts(counts.buckets[i]);
  }
  sizes.set_sum(counts.sum);
  return sizes;
}

bool Any(const TimeCounts& counts) { return counts.count() > 0; }

void AddTimes(const TimeCounts& counts, v1::DurationHistogram* (v1::ChainletMeasurement::*where)(),
              v1::ChainletMeasurement& row) {
  if (Any(counts)) *(row.*where)() = ToMessage(counts);
}

}  // namespace

void Meter::Watch(Loop& loop) {
  std::lock_guard lock(mutex_);
  watched_.push_back({.loop = &loop, .monitor = std::make_unique<LagMonitor>(loop)});
}

void Meter::Unwatch() {
  std::lock_guard lock(mutex_);
  for (const Watched& each : watched_) {
    each.monitor->lags().AddTo(lags_before_);
    stalls_before_ += each.loop->stalls();
  }
  watched_.clear();
}

void Meter::Took(const std::string& phase, absl::Duration time) {
  std::lock_guard lock(mutex_);
  phases_[phase] = absl::ToDoubleSeconds(time);
}

v1::Measurements Meter::Take(absl::Time now) {
  v1::Measurements all;
  all.set_unix_ms(absl::ToUnixMillis(now));
  all.set_started_unix_ms(absl::ToUnixMillis(started_));
  AddEdges(all);
  AddChainlets(all);
  AddProcess(*all.mutable_process(), now);
  return all;
}

// What policies did is of an edge, and told with its first method.
void Meter::AddEdges(v1::Measurements& all) const {
  std::map<std::pair<std::string, std::string>, EdgeCounts> policies;
  for (const Counters::EdgeRow& edge : counters_.Edges())
    policies[{edge.from, edge.to}] = edge.counts;
  std::set<std::pair<std::string, std::string>> told;
  for (const Counters::CallRow& calls : counters_.Calls()) {
    const bool first = told.emplace(calls.caller, calls.callee).second;
    const auto counts = policies.find({calls.caller, calls.callee});
    uint64_t ended = 0;
    for (uint64_t count : calls.codes) ended += count;
    if (ended == 0 && !(first && counts != policies.end())) continue;
    v1::EdgeMeasurement& row = *all.add_edges();
    row.set_caller(calls.caller);
    row.set_callee(calls.callee);
    row.set_method(calls.method);
    row.set_remote(calls.remote);
    AddCodes(calls.codes, row);
    row.set_attempts_more(calls.further_attempts);
    if (Any(calls.durations)) *row.mutable_duration() = ToMessage(calls.durations);
    if (first && counts != policies.end()) AddPolicies(counts->second, row);
  }
}

void Meter::AddChainlets(v1::Measurements& all) const {
  using Row = v1::ChainletMeasurement;
  std::map<std::string, Row> rows;
  for (const std::string& chainlet : chainlets_) rows[chainlet].set_chainlet(chainlet);
  const auto of = [&rows](const std::string& chainlet) -> Row& {
    rows[chainlet].set_chainlet(chainlet);
    return rows[chainlet];
  };
  std::map<std::string, CodeCounters::Counts> codes;
  for (const Counters::Row& method : counters_.Snapshot()) {
    Row& row = of(method.chainlet);
    row.set_in_flight(row.in_flight() + method.in_flight);
    CodeCounters::Counts& sum = codes[method.chainlet];
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += method.codes[i];
  }
  for (const auto& [chainlet, counts] : codes) AddCodes(counts, of(chainlet));
  for (const auto& [chainlet, queued] : counters_.Queued()) of(chainlet).set_queued(queued);
  for (const auto& [chainlet, admission] : counters_.Admissions()) {
    of(chainlet).set_limit(admission.limit);
    AddRefused(admission, of(chainlet));
    AddTimes(admission.waits, &Row::mutable_queue, of(chainlet));
  }
  for (const auto& [chainlet, times] : counters_.ServedTimes()) {
    AddTimes(times, &Row::mutable_duration, of(chainlet));
  }
  for (const auto& [chainlet, traced] : counters_.TracedCalls()) {
    AddTimes(traced.user, &Row::mutable_user, of(chainlet));
    AddTimes(traced.serialize, &Row::mutable_serialize, of(chainlet));
    AddTimes(traced.network, &Row::mutable_network, of(chainlet));
  }
  for (const auto& [chainlet, sizes] : counters_.Batches()) {
    if (sizes.sum > 0) *of(chainlet).mutable_batches() = SizesOf(sizes);
  }
  for (auto& [chainlet, row] : rows) *all.add_chainlets() = std::move(row);
}

void Meter::AddProcess(v1::ProcessMeasurement& process, absl::Time now) {
  const ProcessFigures figures = ReadProcessFigures();
  process.set_processor_seconds(absl::ToDoubleSeconds(figures.processor));
  process.set_resident_bytes(figures.resident_bytes);
  process.set_open_descriptors(figures.open_descriptors);
  std::lock_guard lock(mutex_);
  TimeCounts lags = lags_before_;
  uint64_t stalls = stalls_before_;
  for (const Watched& each : watched_) {
    each.monitor->lags().AddTo(lags);
    stalls += each.loop->stalls();
  }
  if (Any(lags)) *process.mutable_reactor_lag() = ToMessage(lags);
  process.set_reactor_stalls(stalls);
  for (const auto& [phase, seconds] : phases_) (*process.mutable_start_seconds())[phase] = seconds;
  for (const gpu::DeviceGauges& device : gpus_.Collect(now)) {
    v1::GpuMeasurement& gpu = *process.add_gpus();
    gpu.set_device(std::to_string(device.index));
    gpu.set_memory_used_bytes(static_cast<uint64_t>(std::max<int64_t>(0, device.memory_used)));
    gpu.set_memory_total_bytes(static_cast<uint64_t>(std::max<int64_t>(0, device.memory_total)));
    gpu.set_utilization(device.utilization);
  }
}

}  // namespace chains
