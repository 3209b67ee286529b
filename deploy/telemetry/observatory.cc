#include "deploy/telemetry/observatory.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr size_t kMostProcesses = 4096;

TraceStore::Options StoreOptions(const Observatory::Options& options, Recordings& recordings) {
  TraceStore::Options store;
  store.limits = options.traces;
  store.on_kept = options.on_kept;
  store.on_whole = [&recordings](const v1::Trace& trace) { recordings.Offer(trace); };
  return store;
}

}  // namespace

Observatory::Observatory(Options options)
    : options_(std::move(options)),
      measures_(options_.measures),
      recordings_(options_.changed),
      traces_(StoreOptions(options_, recordings_)) {}

void Observatory::TakeFromReplica(const Replica& replica, v1::Telemetry told, absl::Time now) {
  if (told.has_measurements()) {
    measures_.Take({.deployment = replica.deployment, .process = replica.name}, told.measurements(),
                   now);
  }
  NoteDropped(Text(replica.deployment, "/", replica.name), told.spans_dropped());
  TakeSpans(
      told.mutable_spans(),
      [&replica](v1::Span& span) {
        span.set_replica(replica.name);
        span.set_deployment(replica.deployment);
        span.set_chain(replica.chain);
      },
      now);
}

void Observatory::TakeFromGateway(const std::string& gateway, v1::Telemetry told, absl::Time now) {
  if (told.has_measurements()) {
    measures_.Take({.deployment = "", .process = gateway}, told.measurements(), now);
  }
  NoteDropped(gateway, told.spans_dropped());
  TakeSpans(
      told.mutable_spans(), [&gateway](v1::Span& span) { span.set_replica(gateway); }, now);
}

void Observatory::TakeSpans(google::protobuf::RepeatedPtrField<v1::Span>* spans,
                            const std::function<void(v1::Span&)>& name, absl::Time now) {
  const int taken = std::min(spans->size(), kSpansAReport);
  traces_.NoteDropped(static_cast<uint64_t>(spans->size() - taken));
  for (int i = 0; i < taken; ++i) {
    v1::Span& span = *spans->Mutable(i);
    name(span);
    traces_.Take(std::move(span), now);
  }
}

// A process that started anew begins at 0.
void Observatory::NoteDropped(const std::string& process, uint64_t since_start) {
  const auto found = dropped_.find(process);
  const uint64_t before = found == dropped_.end() ? 0 : found->second;
  if (since_start == before) return;
  traces_.NoteDropped(since_start > before ? since_start - before : since_start);
  if (found == dropped_.end() && dropped_.size() >= kMostProcesses) dropped_.clear();
  dropped_[process] = since_start;
}

void Observatory::Tick(absl::Time now, std::vector<Measures::Replicas> replicas,
                       const std::set<std::string>& deployments) {
  measures_.Close(now, std::move(replicas), deployments);
  traces_.Tick(now);
}

v1::Tracing Observatory::Tracing() const {
  v1::Tracing tracing;
  tracing.set_drawn(options_.drawn);
  tracing.set_recorded(std::max(options_.drawn, options_.recorded));
  tracing.set_max_asked_per_second(options_.max_asked_per_second);
  *tracing.mutable_recordings() = recordings_.Orders();
  return tracing;
}

}  // namespace chains::deploy
