// Gateway's reports: what it tells of its requests to whom it has to tell.
#include <memory>
#include <string>
#include <utility>

#include "gateway/app/gateway.h"

namespace chains::gateway {

Telling& Gateway::TellAs(std::string process) {
  telling_ = std::make_unique<Telling>(std::move(process));
  return *telling_;
}

void Gateway::TellInto(v1::Telemetry& telemetry, bool measure, absl::Time now) {
  if (telling_ != nullptr) telling_->TakeInto(telemetry);
  if (measure) Measure(*telemetry.mutable_measurements(), now);
}

void Gateway::Measure(v1::Measurements& measurements, absl::Time now) const {
  measurements.set_unix_ms(absl::ToUnixMillis(now));
  measurements.set_started_unix_ms(absl::ToUnixMillis(started_));
}

}  // namespace chains::gateway
