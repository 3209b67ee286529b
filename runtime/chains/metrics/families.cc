#include "chains/metrics/families.h"

#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "chains/core/time_histogram.h"
#include "chains/metrics/family_set.h"
#include "chains/metrics/histogram_message.h"

namespace chains {
namespace {

using Labels = FamilySet::Labels;

Labels With(Labels labels, const Labels& more) {
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

std::string CodeName(uint32_t code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

void AddTimes(FamilySet& set, const std::string& name, const char* help, Labels labels,
              const v1::DurationHistogram& message) {
  TimeCounts counts;
  if (message.buckets_size() == 0 || !AddTo(message, counts).ok()) return;
  set.Histogram(name, help, std::move(labels), counts);
}

// Of calls to another process they are there from the first on, at 0: who sees a series begin at 1
// sees no increase. Calls within a process have none.
void AddPolicies(FamilySet& set, const Labels& edge, const v1::EdgeMeasurement& row) {
  const auto attempts = [&](const char* kind, uint64_t count) {
    if (count == 0 && !row.remote()) return;
    set.Counter("chains_call_attempts_total", "Further attempts of calls, by kind",
                With(edge, {{"kind", kind}}), static_cast<double>(count));
  };
  attempts("retry", row.attempts_more());
  attempts("hedge", row.hedges());
  attempts("hedge_won", row.hedges_won());
  attempts("hedge_refused", row.hedges_refused());
  const auto count = [&](const char* name, const char* help, uint64_t value) {
    if (value == 0 && !row.remote()) return;
    set.Counter(name, help, edge, static_cast<double>(value));
  };
  count("chains_circuit_opened_total", "Times that a circuit opened", row.circuit_opened());
  count("chains_circuit_refused_total", "Calls that an open circuit refused",
        row.circuit_refused());
  count("chains_circuit_replicas_left_out_total", "Times that a replica was left out for a while",
        row.ways_left_out());
  count("chains_circuit_replicas_back_total", "Times that a replica was back", row.ways_back());
  count("chains_circuit_panics_total", "Times that too many replicas were left out", row.panics());
  count("chains_calls_spilled_total", "Calls to another zone, because the own one was busier",
        row.spilled());
}

void AddEdge(FamilySet& set, const Labels& whose, const v1::EdgeMeasurement& row) {
  const Labels edge = With(whose, {{"caller", row.caller()}, {"callee", row.callee()}});
  const Labels calls =
      With(edge, {{"method", row.method()}, {"placement", row.remote() ? "remote" : "local"}});
  for (const v1::CodeCount& code : row.codes()) {
    set.Counter("chains_calls_total", "Calls that ended, as their caller sees them",
                With(calls, {{"code", CodeName(code.code())}}), static_cast<double>(code.calls()));
  }
  AddTimes(set, "chains_call_duration_seconds",
           "How long calls took their caller; of local ones a part", calls, row.duration());
  AddPolicies(set, edge, row);
}

void AddSizes(FamilySet& set, Labels labels, const v1::SizeHistogram& sizes) {
  if (sizes.at_most_size() == 0 || sizes.at_most_size() != sizes.counts_size()) return;
  FamilySet::Buckets buckets;
  for (int i = 0; i < sizes.at_most_size(); ++i) {
    const bool last = i + 1 == sizes.at_most_size();
    buckets.emplace_back(last ? std::numeric_limits<double>::infinity() : sizes.at_most(i),
                         sizes.counts(i));
  }
  set.Histogram("chains_batch_size", "Calls in a batch", std::move(labels), buckets,
                static_cast<double>(sizes.sum()));
}

void AddChainlet(FamilySet& set, const Labels& whose, const v1::ChainletMeasurement& row) {
  const Labels labels = With(whose, {{"chainlet", row.chainlet()}});
  for (const v1::CodeCount& code : row.codes()) {
    set.Counter("chains_chainlet_calls_total", "Calls that a chainlet served",
                With(labels, {{"code", CodeName(code.code())}}), static_cast<double>(code.calls()));
  }
  AddTimes(set, "chains_chainlet_duration_seconds", "Calls from other processes, where served",
           labels, row.duration());
  AddTimes(set, "chains_chainlet_queue_seconds", "Waits of calls that had to", labels, row.queue());
  AddTimes(set, "chains_chainlet_user_seconds", "The chainlet itself; of recorded calls", labels,
           row.user());
  AddTimes(set, "chains_chainlet_serialize_seconds",
           "Messages to bytes and back; of recorded calls", labels, row.serialize());
  AddTimes(set, "chains_chainlet_network_seconds", "Calls that it made; of recorded ones", labels,
           row.network());
  const auto gauge = [&](const char* name, const char* help, uint64_t value) {
    set.Gauge(name, help, labels, static_cast<double>(value));
  };
  gauge("chains_chainlet_in_flight", "Calls that run now", row.in_flight());
  gauge("chains_chainlet_queued", "Calls that wait for their turn now", row.queued());
  gauge("chains_chainlet_concurrency_limit", "Calls that may run at a time now", row.limit());
  for (const auto& [reason, count] : row.refused()) {
    set.Counter("chains_chainlet_refused_total", "Calls that were not let in",
                With(labels, {{"reason", reason}}), static_cast<double>(count));
  }
  AddSizes(set, labels, row.batches());
}

void AddProcess(FamilySet& set, const Labels& whose, const v1::ProcessMeasurement& process) {
  set.Counter("process_cpu_seconds_total", "Processor time", whose, process.processor_seconds());
  set.Gauge("process_resident_memory_bytes", "Memory in use", whose,
            static_cast<double>(process.resident_bytes()));
  set.Gauge("process_open_fds", "Descriptors that are open", whose,
            static_cast<double>(process.open_descriptors()));
  AddTimes(set, "chains_reactor_lag_seconds", "How late reactors come to what is due", whose,
           process.reactor_lag());
  set.Counter("chains_reactor_stalls_total", "Turns of reactors that took longer than 50 ms", whose,
              static_cast<double>(process.reactor_stalls()));
  for (const auto& [phase, seconds] : process.start_seconds()) {
    set.Gauge("chains_start_seconds", "How long phases of the start took",
              With(whose, {{"phase", phase}}), seconds);
  }
  for (const v1::GpuMeasurement& gpu : process.gpus()) {
    const Labels device = With(whose, {{"device", gpu.device()}});
    set.Gauge("chains_gpu_memory_used_bytes", "Memory of the device that anybody uses", device,
              static_cast<double>(gpu.memory_used_bytes()));
    set.Gauge("chains_gpu_memory_total_bytes", "Memory of the device", device,
              static_cast<double>(gpu.memory_total_bytes()));
    set.Gauge("chains_gpu_utilization", "What of the time it worked, 0 to 1", device,
              gpu.utilization());
  }
}

}  // namespace

Families MakeFamilies(const std::vector<Labelled>& of, FamiliesOptions options) {
  FamilySet set(options.max_series);
  for (const Labelled& each : of) {
    if (each.measurements == nullptr) continue;
    Labels whose;
    if (!each.chain.empty()) whose.push_back({"chain", each.chain});
    if (!each.deployment.empty()) whose.push_back({"deployment", each.deployment});
    if (!each.replica.empty()) whose.push_back({"replica", each.replica});
    for (const v1::EdgeMeasurement& row : each.measurements->edges()) AddEdge(set, whose, row);
    for (const v1::ChainletMeasurement& row : each.measurements->chainlets()) {
      AddChainlet(set, whose, row);
    }
    if (each.measurements->has_process()) AddProcess(set, whose, each.measurements->process());
  }
  if (options.platform != nullptr) AddPlatform(*options.platform, set);
  const uint64_t dropped = set.dropped();
  AddDropped(options.dropped_before + dropped, set);
  return {.families = std::move(set).Take(), .dropped = dropped};
}

void AddDropped(uint64_t dropped, FamilySet& set) {
  set.Counter("chains_metrics_series_dropped_total",
              "Series that went into \"other\", for want of room, each time that it was asked", {},
              static_cast<double>(dropped));
}

}  // namespace chains
