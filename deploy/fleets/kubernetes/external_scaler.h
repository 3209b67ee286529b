// ExternalScaler: answers KEDA how many replicas there should be, by the platform's own formula, so
// that KEDA scales as the platform would, from and to zero.
//
//   ExternalScaler scaler(model.changed(), [&](const std::string& deployment,
//                                              const std::vector<std::string>& chainlets) { … });
//
// KEDA asks for one ScaledObject (autoscaling_objects.h), whose trigger names deployment and
// chainlets. The metric is the number of replicas itself, with a target of 1 for each. KEDA shows
// no token; what it learns are numbers of replicas, and network policies say who may ask.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/core/notice.h"
#include "deploy/fleets/kubernetes/external_scaler.chains.h"

namespace chains::deploy {

// On the platform's loop.
class ExternalScaler final : public externalscaler::ExternalScaler {
 public:
  // How many replicas chainlets that share a process should have: as many as the one that needs
  // most. NOT_FOUND: the platform has no such deployment, or they are not in it.
  using Wanted = std::function<absl::StatusOr<int>(const std::string& deployment,
                                                   const std::vector<std::string>& chainlets)>;

  // `changed` outlives it, and is given when Wanted may answer otherwise.
  ExternalScaler(Notice& changed, Wanted wanted) : changed_(changed), wanted_(std::move(wanted)) {}

  Task<externalscaler::IsActiveResponse> IsActive(externalscaler::ScaledObjectRef request) override;
  Stream<externalscaler::IsActiveResponse> StreamIsActive(
      externalscaler::ScaledObjectRef request) override;
  Task<externalscaler::GetMetricSpecResponse> GetMetricSpec(
      externalscaler::ScaledObjectRef request) override;
  Task<externalscaler::GetMetricsResponse> GetMetrics(
      externalscaler::GetMetricsRequest request) override;

 private:
  absl::StatusOr<int> WantedOf(const externalscaler::ScaledObjectRef& object) const;

  Notice& changed_;
  const Wanted wanted_;
};

}  // namespace chains::deploy
