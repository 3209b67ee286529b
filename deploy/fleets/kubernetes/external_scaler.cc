#include "deploy/fleets/kubernetes/external_scaler.h"

#include <optional>

#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

// KEDA makes it unique by itself: "s0-chains-wanted-replicas".
constexpr char kMetric[] = "chains-wanted-replicas";

std::string MetadataOf(const externalscaler::ScaledObjectRef& object, const char* key) {
  const auto found = object.scalermetadata().find(key);
  return found == object.scalermetadata().end() ? "" : found->second;
}

}  // namespace

absl::StatusOr<int> ExternalScaler::WantedOf(const externalscaler::ScaledObjectRef& object) const {
  const std::string deployment = MetadataOf(object, "deployment");
  const std::string chainlets = MetadataOf(object, "chainlets");
  if (deployment.empty() || chainlets.empty()) {
    return absl::InvalidArgumentError(
        Text("the trigger of ScaledObject ", object.namespace_(), "/", object.name(),
             " has no 'deployment' or no 'chainlets' in its metadata"));
  }
  return wanted_(deployment, absl::StrSplit(chainlets, ','));
}

Task<externalscaler::IsActiveResponse> ExternalScaler::IsActive(
    externalscaler::ScaledObjectRef request) {
  const int wanted = co_await WantedOf(request);
  externalscaler::IsActiveResponse response;
  response.set_result(wanted > 0);
  co_return response;
}

// Ends, with NOT_FOUND, when the deployment does.
Stream<externalscaler::IsActiveResponse> ExternalScaler::StreamIsActive(
    externalscaler::ScaledObjectRef request) {
  std::optional<bool> told;
  while (true) {
    const absl::StatusOr<int> wanted = WantedOf(request);
    if (!wanted.ok()) co_await wanted.status();
    const bool active = *wanted > 0;
    if (told != active) {
      told = active;
      externalscaler::IsActiveResponse response;
      response.set_result(active);
      co_yield std::move(response);
      continue;
    }
    co_await changed_.Wait();
  }
}

Task<externalscaler::GetMetricSpecResponse> ExternalScaler::GetMetricSpec(
    externalscaler::ScaledObjectRef) {
  externalscaler::GetMetricSpecResponse response;
  externalscaler::MetricSpec& spec = *response.add_metricspecs();
  spec.set_metricname(kMetric);
  spec.set_targetsize(1);
  spec.set_targetsizefloat(1);
  co_return response;
}

Task<externalscaler::GetMetricsResponse> ExternalScaler::GetMetrics(
    externalscaler::GetMetricsRequest request) {
  const int wanted = co_await WantedOf(request.scaledobjectref());
  externalscaler::GetMetricsResponse response;
  externalscaler::MetricValue& value = *response.add_metricvalues();
  value.set_metricname(request.metricname().empty() ? kMetric : request.metricname());
  value.set_metricvalue(wanted);
  value.set_metricvaluefloat(wanted);
  co_return response;
}

}  // namespace chains::deploy
