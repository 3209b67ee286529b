#include "deploy/platform/platform_metrics.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "chains/core/text.h"
#include "chains/metrics/families.h"
#include "deploy/platform/describe.h"

namespace chains::deploy {
namespace {

constexpr std::chrono::seconds kPatienceWithLoop(2);

// "active" of DEPLOYMENT_ACTIVE.
std::string StatusOf(const v1::Deployment& described) {
  constexpr std::string_view kPrefix = "DEPLOYMENT_";
  const std::string name = v1::DeploymentState_Name(described.state());
  return absl::AsciiStrToLower(name.substr(std::min(name.size(), kPrefix.size())));
}

void AddReplicas(const v1::Deployment& described, const Controller& controller,
                 PlatformFigures& figures) {
  for (const v1::ChainletStatus& chainlet : described.chainlets()) {
    figures.chainlets.push_back(
        {.chain = described.chain(),
         .deployment = described.id(),
         .chainlet = chainlet.chainlet(),
         .ready = chainlet.ready(),
         .wanted = chainlet.wanted(),
         .restarts = controller.RestartsOf(described.id(), chainlet.chainlet())});
  }
}

void AddMeasured(const v1::Deployment& described, const Measures& measures, absl::Time now,
                 std::vector<PlatformSnapshot::Measured>& all) {
  all.push_back({.chain = described.chain(),
                 .deployment = described.id(),
                 .replica = "",
                 .measurements = measures.SumOf(described.id(), now)});
  for (auto& [name, process] : measures.ProcessesOf(described.id(), now)) {
    PlatformSnapshot::Measured& one = all.emplace_back();
    one.chain = described.chain();
    one.deployment = described.id();
    one.replica = name;
    *one.measurements.mutable_process() = process;
  }
}

// What a scrape waits for.
struct Asked {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<PlatformSnapshot> answer;  // guarded by mutex
};

std::optional<PlatformSnapshot> Ask(Reactor& reactor, const MetricSources& sources) {
  const auto asked = std::make_shared<Asked>();
  reactor.Post([asked, &reactor, sources] {
    PlatformSnapshot snapshot = TakeSnapshot(sources, reactor.Now());
    const std::lock_guard lock(asked->mutex);
    asked->answer = std::move(snapshot);
    asked->done.notify_one();
  });
  std::unique_lock lock(asked->mutex);
  asked->done.wait_for(lock, kPatienceWithLoop, [&] { return asked->answer.has_value(); });
  return std::move(asked->answer);
}

std::vector<prometheus::MetricFamily> FamiliesOf(const PlatformSnapshot& snapshot,
                                                 uint64_t& dropped) {
  std::vector<Labelled> labelled;
  for (const PlatformSnapshot::Measured& each : snapshot.measured) {
    labelled.push_back({.chain = each.chain,
                        .deployment = each.deployment,
                        .replica = each.replica,
                        .measurements = &each.measurements});
  }
  Families made =
      MakeFamilies(labelled, {.dropped_before = dropped, .platform = &snapshot.figures});
  dropped += made.dropped;
  return std::move(made.families);
}

}  // namespace

PlatformSnapshot TakeSnapshot(const MetricSources& sources, absl::Time now) {
  PlatformSnapshot snapshot;
  PlatformFigures& figures = snapshot.figures;
  const Measures& measures = sources.observatory.measures();
  for (const auto& [id, deployment] : sources.model.deployments) {
    const v1::Deployment described = Describe(sources.model, *deployment);
    ++figures.deployments[{described.chain(), StatusOf(described)}];
    AddReplicas(described, sources.controller, figures);
    AddMeasured(described, measures, now, snapshot.measured);
  }
  figures.rows_left_out = measures.rows_left_out();
  figures.spans_dropped = sources.observatory.traces().dropped();
  if (sources.exporter == nullptr) return snapshot;
  figures.has_collector = true;
  figures.spans_exported = sources.exporter->sent();
  figures.spans_not_exported = sources.exporter->dropped();
  figures.collector_fails = !sources.exporter->problem().ok();
  return snapshot;
}

absl::StatusOr<std::unique_ptr<PlatformMetrics>> PlatformMetrics::Listen(const std::string& address,
                                                                         Reactor& reactor,
                                                                         MetricSources sources) {
  const auto dropped = std::make_shared<uint64_t>(0);
  absl::StatusOr<std::unique_ptr<Exposer>> exposer =
      Exposer::Listen(address, [&reactor, sources, dropped] {
        const std::optional<PlatformSnapshot> snapshot = Ask(reactor, sources);
        return snapshot ? FamiliesOf(*snapshot, *dropped) : std::vector<prometheus::MetricFamily>();
      });
  if (!exposer.ok()) {
    return absl::Status(exposer.status().code(), Text("--metrics: ", MessageOf(exposer.status())));
  }
  return std::unique_ptr<PlatformMetrics>(new PlatformMetrics(*std::move(exposer)));
}

}  // namespace chains::deploy
