// OpenMetrics: families of metrics as text of OpenMetrics 1.0, which has room for exemplars;
// prometheus-cpp writes Prometheus' older format only, which has none.
//
//   response.type = kOpenMetricsType;
//   response.body = OpenMetricsText(families, exemplars);
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

#include "chains/metrics/exemplars.h"

namespace chains {

inline constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Counters, gauges and histograms; a counter whose name does not end in "_total", and what is none
// of these, is told of as "unknown" gauges are. Pure.
std::string OpenMetricsText(const std::vector<prometheus::MetricFamily>& families,
                            const Exemplars& exemplars);

}  // namespace chains
