// Gateway's reports: what it tells of its requests to whom it has to tell.
#include <set>

#include "gateway/app/gateway.h"

namespace chains::gateway {

void Gateway::TellInto(v1::Telemetry& telemetry, bool measure, absl::Time now) {
  if (telling_.on()) telling_.TakeInto(telemetry);
  if (measure) Measure(*telemetry.mutable_measurements(), now);
}

void Gateway::Measure(v1::Measurements& measurements, absl::Time now) const {
  measurements.set_unix_ms(absl::ToUnixMillis(now));
  measurements.set_started_unix_ms(absl::ToUnixMillis(started_));
  metrics_.AddRoutes(measurements);
  std::set<const Deployment*> told;  // several routes may lead to one
  for (const auto& target : targets()) {
    const Deployment* const deployment = target->deployment().get();
    if (deployment != nullptr && told.insert(deployment).second) {
      deployment->AddEdges(measurements);
    }
  }
}

}  // namespace chains::gateway
