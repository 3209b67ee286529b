// Gateway's reports: what it tells of its requests to whom it has to tell.
#include "gateway/app/gateway.h"

namespace chains::gateway {

void Gateway::TellInto(v1::Telemetry& telemetry, bool measure, absl::Time now) {
  if (telling_.on()) telling_.TakeInto(telemetry);
  if (measure) Measure(*telemetry.mutable_measurements(), now);
}

void Gateway::Measure(v1::Measurements& measurements, absl::Time now) const {
  measurements.set_unix_ms(absl::ToUnixMillis(now));
  measurements.set_started_unix_ms(absl::ToUnixMillis(started_));
}

}  // namespace chains::gateway
