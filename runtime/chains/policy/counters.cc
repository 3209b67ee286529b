#include "chains/policy/counters.h"

namespace chains {

MethodCounters& Counters::Add(const Method& method) {
  std::lock_guard lock(mutex_);
  return by_method_[{std::string(method.chainlet), std::string(method.name)}].emplace_back();
}

EdgeCounters& Counters::AddEdge(std::string_view from, std::string_view to) {
  std::lock_guard lock(mutex_);
  return edges_[{std::string(from), std::string(to)}].emplace_back();
}

std::vector<Counters::EdgeRow> Counters::Edges() const {
  std::lock_guard lock(mutex_);
  std::vector<EdgeRow> rows;
  rows.reserve(edges_.size());
  for (const auto& [edge, threads] : edges_) {
    EdgeRow row{.from = edge.first, .to = edge.second, .counts = {}};
    for (const EdgeCounters& counted : threads) counted.AddTo(row.counts);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::atomic<uint64_t>& Counters::AddQueue(const std::string& chainlet) {
  std::lock_guard lock(mutex_);
  return queues_[chainlet].emplace_back(0);
}

std::map<std::string, uint64_t> Counters::Queued() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, uint64_t> queued;
  for (const auto& [chainlet, threads] : queues_) {
    for (const std::atomic<uint64_t>& shown : threads) {
      queued[chainlet] += shown.load(std::memory_order_relaxed);
    }
  }
  return queued;
}

GateCounters& Counters::AddGate(const std::string& chainlet) {
  std::lock_guard lock(mutex_);
  return gates_[chainlet].emplace_back();
}

std::map<std::string, Counters::Admission> Counters::Admissions() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, Admission> admissions;
  for (const auto& [chainlet, threads] : gates_) {
    Admission& all = admissions[chainlet];
    for (const GateCounters& counted : threads) {
      all.waited += counted.Of(GateEvent::kWaited);
      all.full += counted.Of(GateEvent::kFull);
      all.displaced += counted.Of(GateEvent::kDisplaced);
      all.too_late += counted.Of(GateEvent::kTooLate);
      all.would_wait += counted.Of(GateEvent::kWouldWait);
      all.would_refuse += counted.Of(GateEvent::kWouldRefuse);
      all.late_call += counted.Of(GateEvent::kLateCall);
      all.limit += counted.limit();
      counted.waits().AddTo(all.waits);
    }
  }
  return admissions;
}

std::vector<Counters::Row> Counters::Snapshot() const {
  std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  rows.reserve(by_method_.size());
  for (const auto& [name, threads] : by_method_) {
    Row row{.chainlet = name.first, .method = name.second};
    for (const MethodCounters& counted : threads) {
      counted.codes().AddTo(row.codes);
      row.in_flight += counted.in_flight();
      row.max_in_flight += counted.max_in_flight();
    }
    for (uint64_t of_code : row.codes) row.calls += of_code;
    row.failures = row.calls - row.codes[static_cast<size_t>(absl::StatusCode::kOk)];
    rows.push_back(std::move(row));
  }
  return rows;
}

TimeHistogram& Counters::AddServed(std::string_view chainlet) {
  std::lock_guard lock(mutex_);
  return served_[std::string(chainlet)].emplace_back();
}

std::map<std::string, TimeCounts> Counters::ServedTimes() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, TimeCounts> times;
  for (const auto& [chainlet, threads] : served_) {
    for (const TimeHistogram& counted : threads) counted.AddTo(times[chainlet]);
  }
  return times;
}

std::shared_ptr<SizeCounters> Counters::AddBatches(std::string_view chainlet) {
  std::lock_guard lock(mutex_);
  return batches_[std::string(chainlet)].emplace_back(std::make_shared<SizeCounters>());
}

std::map<std::string, SizeCounters::Counts> Counters::Batches() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, SizeCounters::Counts> sizes;
  for (const auto& [chainlet, threads] : batches_) {
    for (const std::shared_ptr<SizeCounters>& counted : threads) counted->AddTo(sizes[chainlet]);
  }
  return sizes;
}

CallMeasures& Counters::AddCalls(std::string_view caller, const Method& callee, bool remote) {
  const auto times = remote ? CallMeasures::Times::kAll : CallMeasures::Times::kSome;
  std::lock_guard lock(mutex_);
  return calls_[{std::string(caller), std::string(callee.chainlet), std::string(callee.name),
                 remote}]
      .emplace_back(times);
}

std::vector<Counters::CallRow> Counters::Calls() const {
  std::lock_guard lock(mutex_);
  std::vector<CallRow> rows;
  rows.reserve(calls_.size());
  for (const auto& [key, threads] : calls_) {
    CallRow& row = rows.emplace_back();
    std::tie(row.caller, row.callee, row.method, row.remote) = key;
    for (const CallMeasures& counted : threads) {
      counted.codes().AddTo(row.codes);
      row.further_attempts += counted.further_attempts();
      counted.durations().AddTo(row.durations);
    }
  }
  return rows;
}

Counters::Traced& Counters::TracedOf(std::string_view chainlet) {
  auto found = traced_.find(chainlet);
  if (found == traced_.end()) found = traced_.try_emplace(std::string(chainlet)).first;
  return found->second;
}

void Counters::Served(std::string_view chainlet, absl::Duration user, absl::Duration serialize) {
  std::lock_guard lock(mutex_);
  Traced& traced = TracedOf(chainlet);
  traced.user.Add(user);
  traced.serialize.Add(serialize);
}

void Counters::Crossed(std::string_view caller, absl::Duration network) {
  std::lock_guard lock(mutex_);
  TracedOf(caller).network.Add(network);
}

std::map<std::string, Counters::Traced, std::less<>> Counters::TracedCalls() const {
  std::lock_guard lock(mutex_);
  return traced_;
}

}  // namespace chains
