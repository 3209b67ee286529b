#include "deploy/telemetry/gained.h"

#include <algorithm>
#include <array>
#include <utility>

#include "chains/core/text.h"
#include "deploy/telemetry/durations.h"

namespace chains::deploy {
namespace {

constexpr std::string_view kBetween("\0", 1);

// Rows of a process are bounded by what there can be, whatever it says.
constexpr uint32_t kUnknownCode = 2;
constexpr uint32_t kLastCode = 16;
constexpr uint32_t kLastStatus = 599;
constexpr int kMostReasons = 16;
constexpr int kMostSizes = 32;

uint32_t SaneCode(uint32_t code) { return code <= kLastCode ? code : kUnknownCode; }
uint32_t SaneStatus(uint32_t status) { return status <= kLastStatus ? status : 0; }

using Counts = std::array<uint64_t, Durations::kBuckets>;

Counts CountsOf(const v1::DurationHistogram& histogram) {
  Counts counts = {};
  const int rows = std::min(histogram.buckets_size(), histogram.counts_size());
  for (int i = 0; i < rows; ++i) {
    counts[std::min<size_t>(histogram.buckets(i), counts.size() - 1)] += histogram.counts(i);
  }
  return counts;
}

void Set(const Counts& counts, double sum, v1::DurationHistogram& to) {
  to.Clear();
  to.set_sum_seconds(sum);
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    to.add_buckets(static_cast<uint32_t>(i));
    to.add_counts(counts[i]);
  }
}

// The two ways to put figures together: what is new of `now`, and the sum.
struct Differ {
  template <typename Figure>
  static Figure Of(Figure now, Figure before) {
    return now >= before ? now - before : now;
  }
};
struct Summed {
  template <typename Figure>
  static Figure Of(Figure more, Figure sum) {
    return more + sum;
  }
};

// `to` becomes what `Way` makes of `from` and `to`.
template <typename Way>
void Combine(const v1::DurationHistogram& from, v1::DurationHistogram& to) {
  if (from.buckets().empty() && to.buckets().empty()) return;
  const Counts fresh = CountsOf(from);
  Counts counts = CountsOf(to);
  for (size_t i = 0; i < counts.size(); ++i) counts[i] = Way::Of(fresh[i], counts[i]);
  Set(counts, Way::Of(from.sum_seconds(), to.sum_seconds()), to);
}

template <typename Way>
void Combine(const google::protobuf::RepeatedPtrField<v1::CodeCount>& from,
             google::protobuf::RepeatedPtrField<v1::CodeCount>& to) {
  std::map<uint32_t, std::pair<uint64_t, uint64_t>> counts;
  for (const v1::CodeCount& each : from) counts[SaneCode(each.code())].first += each.calls();
  for (const v1::CodeCount& each : to) counts[SaneCode(each.code())].second += each.calls();
  to.Clear();
  for (const auto& [code, calls] : counts) {
    v1::CodeCount& row = *to.Add();
    row.set_code(code);
    row.set_calls(Way::Of(calls.first, calls.second));
  }
}

template <typename Way>
void Combine(const google::protobuf::RepeatedPtrField<v1::HttpCount>& from,
             google::protobuf::RepeatedPtrField<v1::HttpCount>& to) {
  std::map<uint32_t, std::pair<uint64_t, uint64_t>> counts;
  for (const v1::HttpCount& each : from) counts[SaneStatus(each.status())].first += each.requests();
  for (const v1::HttpCount& each : to) counts[SaneStatus(each.status())].second += each.requests();
  to.Clear();
  for (const auto& [status, requests] : counts) {
    v1::HttpCount& row = *to.Add();
    row.set_status(status);
    row.set_requests(Way::Of(requests.first, requests.second));
  }
}

template <typename Way>
void Combine(const v1::SizeHistogram& from, v1::SizeHistogram& to) {
  std::map<uint32_t, std::pair<uint64_t, uint64_t>> counts;
  for (int i = 0; i < std::min({from.at_most_size(), from.counts_size(), kMostSizes}); ++i) {
    counts[from.at_most(i)].first += from.counts(i);
  }
  for (int i = 0; i < std::min(to.at_most_size(), to.counts_size()); ++i) {
    counts[to.at_most(i)].second += to.counts(i);
  }
  const uint64_t sum = Way::Of(from.sum(), to.sum());
  to.Clear();
  to.set_sum(sum);
  for (const auto& [at_most, pair] : counts) {
    to.add_at_most(at_most);
    to.add_counts(Way::Of(pair.first, pair.second));
  }
}

template <typename Way>
void Combine(const v1::EdgeMeasurement& from, v1::EdgeMeasurement& to) {
  Combine<Way>(from.codes(), *to.mutable_codes());
  to.set_attempts_more(Way::Of(from.attempts_more(), to.attempts_more()));
  Combine<Way>(from.duration(), *to.mutable_duration());
  to.set_hedges(Way::Of(from.hedges(), to.hedges()));
  to.set_hedges_won(Way::Of(from.hedges_won(), to.hedges_won()));
  to.set_hedges_refused(Way::Of(from.hedges_refused(), to.hedges_refused()));
  to.set_circuit_opened(Way::Of(from.circuit_opened(), to.circuit_opened()));
  to.set_circuit_refused(Way::Of(from.circuit_refused(), to.circuit_refused()));
  to.set_ways_left_out(Way::Of(from.ways_left_out(), to.ways_left_out()));
  to.set_ways_back(Way::Of(from.ways_back(), to.ways_back()));
  to.set_panics(Way::Of(from.panics(), to.panics()));
  to.set_spilled(Way::Of(from.spilled(), to.spilled()));
}

template <typename Way>
void Combine(const v1::ChainletMeasurement& from, v1::ChainletMeasurement& to) {
  Combine<Way>(from.codes(), *to.mutable_codes());
  Combine<Way>(from.duration(), *to.mutable_duration());
  Combine<Way>(from.queue(), *to.mutable_queue());
  Combine<Way>(from.user(), *to.mutable_user());
  Combine<Way>(from.serialize(), *to.mutable_serialize());
  Combine<Way>(from.network(), *to.mutable_network());
  for (const auto& [reason, calls] : from.refused()) {
    if (to.refused_size() >= kMostReasons && !to.refused().contains(reason)) continue;
    uint64_t& count = (*to.mutable_refused())[reason];
    count = Way::Of(calls, count);
  }
  if (from.has_batches()) Combine<Way>(from.batches(), *to.mutable_batches());
}

template <typename Way>
void Combine(const v1::RouteMeasurement& from, v1::RouteMeasurement& to) {
  Combine<Way>(from.statuses(), *to.mutable_statuses());
  Combine<Way>(from.duration(), *to.mutable_duration());
}

// Its names alone.
v1::EdgeMeasurement NamesOf(const v1::EdgeMeasurement& row) {
  v1::EdgeMeasurement names;
  names.set_caller(row.caller());
  names.set_callee(row.callee());
  names.set_method(row.method());
  names.set_remote(row.remote());
  return names;
}
v1::ChainletMeasurement NamesOf(const v1::ChainletMeasurement& row) {
  v1::ChainletMeasurement names;
  names.set_chainlet(row.chainlet());
  return names;
}
v1::RouteMeasurement NamesOf(const v1::RouteMeasurement& row) {
  v1::RouteMeasurement names;
  names.set_deployment(row.deployment());
  names.set_environment(row.environment());
  names.set_method(row.method());
  return names;
}

template <typename Row>
void GainRows(const google::protobuf::RepeatedPtrField<Row>& before,
              const google::protobuf::RepeatedPtrField<Row>& now,
              google::protobuf::RepeatedPtrField<Row>& gained) {
  std::map<std::string, const Row*> known;
  for (const Row& row : before) known[KeyOf(row)] = &row;
  for (const Row& row : now) {
    const auto found = known.find(KeyOf(row));
    Row& to = *gained.Add();
    to = found == known.end() ? NamesOf(row) : *found->second;
    Combine<Differ>(row, to);
  }
}

}  // namespace

std::string KeyOf(const v1::EdgeMeasurement& edge) {
  return Text(edge.caller(), kBetween, edge.callee(), kBetween, edge.method(), kBetween,
              edge.remote() ? "remote" : "local");
}

std::string KeyOf(const v1::ChainletMeasurement& chainlet) { return chainlet.chainlet(); }

std::string KeyOf(const v1::RouteMeasurement& route) {
  return Text(route.deployment(), kBetween, route.environment(), kBetween, route.method());
}

v1::Measurements Gained(const v1::Measurements& before, const v1::Measurements& now) {
  v1::Measurements gained;
  gained.set_unix_ms(now.unix_ms());
  gained.set_started_unix_ms(now.started_unix_ms());
  const v1::Measurements none;
  const v1::Measurements& last = before.started_unix_ms() == now.started_unix_ms() ? before : none;
  GainRows(last.edges(), now.edges(), *gained.mutable_edges());
  GainRows(last.chainlets(), now.chainlets(), *gained.mutable_chainlets());
  GainRows(last.routes(), now.routes(), *gained.mutable_routes());
  return gained;
}

template <typename Row>
Row* MeasurementSums::RowFor(const Row& row, google::protobuf::RepeatedPtrField<Row>* rows) {
  const std::string key = Text(Row::descriptor()->name(), kBetween, KeyOf(row));
  const auto found = places_.find(key);
  if (found != places_.end()) return rows->Mutable(found->second);
  if (places_.size() >= most_rows_) {
    ++rows_left_out_;
    return nullptr;
  }
  places_.emplace(key, rows->size());
  *rows->Add() = NamesOf(row);
  return rows->Mutable(rows->size() - 1);
}

void MeasurementSums::Add(const v1::Measurements& gained) {
  const auto add = [this](const auto& rows, auto* to) {
    for (const auto& row : rows) {
      if (auto* const sum = RowFor(row, to)) Combine<Summed>(row, *sum);
    }
  };
  add(gained.edges(), total_.mutable_edges());
  add(gained.chainlets(), total_.mutable_chainlets());
  add(gained.routes(), total_.mutable_routes());
}

}  // namespace chains::deploy
