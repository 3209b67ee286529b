// Histograms of time as messages of proto/chains/v1/telemetry.proto, and back.
//
//   *row.mutable_duration() = ToMessage(counts);
//   absl::Status read = AddTo(row.duration(), sum);
#pragma once

#include "absl/status/status.h"
#include "chains/core/time_histogram.h"
#include "chains/v1/telemetry.pb.h"

namespace chains {

v1::DurationHistogram ToMessage(const TimeCounts& counts);
// INVALID_ARGUMENT: it is no such histogram; then `sum` is as it was.
absl::Status AddTo(const v1::DurationHistogram& message, TimeCounts& sum);

}  // namespace chains
