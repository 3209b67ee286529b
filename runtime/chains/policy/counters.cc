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
      all.limit += counted.limit();
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
      row.calls += counted.calls();
      row.failures += counted.failures();
      row.in_flight += counted.in_flight();
      row.max_in_flight += counted.max_in_flight();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace chains
