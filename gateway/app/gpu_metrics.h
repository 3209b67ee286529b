// GPU metrics: what gpu::Gauges measured, as Prometheus reads it.
//
//   for (auto& family : GpuFamilies(gauges.Collect(absl::Now()))) …
//
// A gateway has them when chainlets run in its process; each series is labelled by the device's
// number, type and id.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "chains/gpu/gauges.h"

namespace chains::gateway {

// None without devices. Pure.
std::vector<prometheus::MetricFamily> GpuFamilies(const std::vector<gpu::DeviceGauges>& devices);

}  // namespace chains::gateway
