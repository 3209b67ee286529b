// Observatory: all that a platform learns of what its processes do: measures, traces, recordings.
//
//   Observatory observatory({.changed = [&] { model.Touch(); }});
//   observatory.TakeFromReplica({.chain = "hello", .deployment = "3f9a", .replica = "SayHello-1"},
//                               std::move(*report.mutable_telemetry()), now);
//   observatory.Tick(now, replicas, deployments);         // a few times a second
//   v1::MeasureResponse curves = observatory.measures().Read("3f9a", 60, now);
//
// Who a process is, its stream says, and not what it tells.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "chains/v1/telemetry.pb.h"
#include "deploy/telemetry/measures.h"
#include "deploy/telemetry/recordings.h"
#include "deploy/telemetry/traces.h"

namespace chains::deploy {

// For one loop's thread.
class Observatory {
 public:
  static constexpr int kSpansAReport = 512;  // further ones are dropped, and counted

  struct Options {
    Measures::Limits measures = {};
    TraceStore::Limits traces = {};
    // What gateways are told has changed.
    std::function<void()> changed = [] {};
    // Where traces that are kept go as well; null: nowhere.
    std::function<void(const v1::Trace&)> on_kept = nullptr;
    // How much of the requests gateways trace.
    double drawn = 0.01;
    double recorded = 0.05;
    uint32_t max_asked_per_second = 10;
  };
  struct Replica {
    std::string chain;
    std::string deployment;
    std::string name;
  };

  explicit Observatory(Options options);
  Observatory(const Observatory&) = delete;

  void TakeFromReplica(const Replica& replica, v1::Telemetry told, absl::Time now);
  void TakeFromGateway(const std::string& gateway, v1::Telemetry told, absl::Time now);
  // What is due. `deployments`: those that there are.
  void Tick(absl::Time now, std::vector<Measures::Replicas> replicas,
            const std::set<std::string>& deployments);

  // For gateways.
  v1::Tracing Tracing() const;

  Measures& measures() { return measures_; }
  TraceStore& traces() { return traces_; }
  Recordings& recordings() { return recordings_; }

 private:
  void NoteDropped(const std::string& process, uint64_t since_start);
  void TakeSpans(google::protobuf::RepeatedPtrField<v1::Span>* spans,
                 const std::function<void(v1::Span&)>& name, absl::Time now);

  const Options options_;
  Measures measures_;
  Recordings recordings_;
  TraceStore traces_;
  std::map<std::string, uint64_t> dropped_;  // by process, as it said last
};

}  // namespace chains::deploy
