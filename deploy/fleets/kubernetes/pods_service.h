// PodsService: the fleet's end of chains.v1.Pods: agents say what runs in their pods, and are told
// what is to run there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/v1/pods.chains.h"
#include "deploy/fleets/kubernetes/fleet_state.h"

namespace chains::deploy {

// On the platform's loop. `state` outlives it.
class PodsService final : public v1::Pods {
 public:
  using OnOutput = std::function<void(const FoundReplica& replica, std::string_view data)>;

  // `drain`: what has to leave without having been stopped has so long.
  PodsService(FleetState& state, absl::Duration drain, OnOutput on_output)
      : state_(state), drain_(drain), on_output_(std::move(on_output)) {}

  // PERMISSION_DENIED: the metadata chains-token is not the deployment's. A pod that attaches again
  // leaves its earlier stream.
  Stream<v1::PodOrders> Host(Stream<v1::PodReport> requests) override;

 private:
  struct Hosting;

  static Task<v1::PodReport> ReadFirst(Stream<v1::PodReport>* reports);
  Task<void> ReadReports(Hosting* hosting);
  void Take(const v1::PodReport& report, AgentPod& pod, absl::Time now);
  void TakeOutput(const v1::PodReport& report, AgentPod& pod);
  void TakeEnds(const v1::PodReport& report, absl::Time now);
  void TakeRunning(const v1::PodReport& report, AgentPod& pod, absl::Time now);
  v1::PodOrders OrdersFor(const std::string& deployment, const std::string& name,
                          const AgentPod& pod);

  FleetState& state_;
  const absl::Duration drain_;
  const OnOutput on_output_;
  uint64_t last_stream_ = 0;
};

}  // namespace chains::deploy
