// FamilySet: families of metrics under way, with a bound to how many series each has.
//
//   FamilySet set(/*max_series=*/2000);
//   set.Counter("chains_calls_total", "Calls that ended", {{"code", "OK"}}, 17);
//   std::vector<prometheus::MetricFamily> families = std::move(set).Take();
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "chains/core/time_histogram.h"
#include "chains/metrics/exemplars.h"

namespace chains {

class FamilySet {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;
  explicit FamilySet(size_t max_series) : max_series_(max_series) {}

  // Values of the same labels are added up.
  void Counter(const std::string& name, const char* help, Labels labels, double value);
  void Gauge(const std::string& name, const char* help, Labels labels, double value);
  void Histogram(const std::string& name, const char* help, Labels labels,
                 const TimeCounts& counts);
  // Buckets with their ends, not cumulative; infinite is the last.
  using Buckets = std::vector<std::pair<double, uint64_t>>;
  void Histogram(const std::string& name, const char* help, Labels labels, const Buckets& buckets,
                 double sum);
  // A request that such a histogram has counted.
  void Exemplify(const std::string& name, const char* help, Labels labels, Exemplar exemplar);

  // Of Exemplify().
  const Exemplars& exemplars() const { return exemplars_; }
  uint64_t dropped() const { return dropped_; }
  std::vector<prometheus::MetricFamily> Take() &&;

 private:
  struct Family {
    prometheus::MetricFamily made;
    std::map<Labels, size_t> places;
  };
  prometheus::ClientMetric& Series(const std::string& name, const char* help,
                                   prometheus::MetricType type, Labels labels);

  const size_t max_series_;
  uint64_t dropped_ = 0;
  Exemplars exemplars_;
  std::vector<Family> families_;
  std::map<std::string, size_t> by_name_;
};

}  // namespace chains
