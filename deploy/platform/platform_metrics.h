// PlatformMetrics: what a platform knows of its deployments, as Prometheus reads it: `--metrics`.
//
//   absl::StatusOr<std::unique_ptr<PlatformMetrics>> metrics =
//       PlatformMetrics::Listen("127.0.0.1:9465", reactor, {.model = model, …});
//
// Sums of what processes measured, by deployment, what each process says of itself, and how many
// replicas there are. Scrapes are answered on a thread of their own; what is told is gathered on
// the loop, once for each. A loop that does not come to it in two seconds tells nothing.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/grpc/reactor.h"
#include "chains/metrics/exposer.h"
#include "chains/metrics/platform_families.h"
#include "chains/v1/telemetry.pb.h"
#include "deploy/platform/controller.h"
#include "deploy/platform/model.h"
#include "deploy/telemetry/observatory.h"
#include "deploy/telemetry/otlp_exporter.h"

namespace chains::deploy {

// The loop's.
struct MetricSources {
  const Model& model;
  const Controller& controller;
  Observatory& observatory;
  const OtlpExporter* exporter;  // null: there is no collector
};

// What is so at a moment.
struct PlatformSnapshot {
  struct Measured {
    std::string chain;
    std::string deployment;
    std::string replica;  // empty: the sum of all
    v1::Measurements measurements;
  };
  std::vector<Measured> measured;
  PlatformFigures figures;
};
// On the loop.
PlatformSnapshot TakeSnapshot(const MetricSources& sources, absl::Time now);

class PlatformMetrics {
 public:
  // The reactor outlives it; the sources are there until the reactor has done what was posted to
  // it before this went. INVALID_ARGUMENT, UNAVAILABLE: as Exposer::Listen, with the flag's name.
  static absl::StatusOr<std::unique_ptr<PlatformMetrics>> Listen(const std::string& address,
                                                                 Reactor& reactor,
                                                                 MetricSources sources);
  PlatformMetrics(const PlatformMetrics&) = delete;

  // Where it listens.
  std::string address() const { return exposer_->address(); }

 private:
  explicit PlatformMetrics(std::unique_ptr<Exposer> exposer) : exposer_(std::move(exposer)) {}
  const std::unique_ptr<Exposer> exposer_;
};

}  // namespace chains::deploy
