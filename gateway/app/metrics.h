// Metrics: what the gateway has done, as Prometheus reads it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "absl/time/time.h"

namespace chains::gateway {

class Metrics {
 public:
  // Of one method of one route; of a request that reached none, all three are empty.
  struct Labels {
    std::string chain;
    std::string deployment;  // "production", "deployment/8f3a"
    std::string method;      // "run_remote"
    auto operator<=>(const Labels&) const = default;
  };

  Metrics();

  void Began(const Labels& labels);
  // A request that runs turned out to be another's.
  void Moved(const Labels& from, const Labels& to);
  // 499 for a client that left.
  void Ended(const Labels& labels, int http_status, absl::Duration took, size_t bytes_in,
             size_t bytes_out);

  // Prometheus' text format. What is not counted as it happens is asked for here.
  std::string Text(size_t connections, size_t routes_ready, size_t routes);

 private:
  struct OfMethod {
    prometheus::Gauge* in_flight;
    prometheus::Histogram* seconds;
    prometheus::Counter* bytes_in;
    prometheus::Counter* bytes_out;
    std::map<int, prometheus::Counter*> requests;  // by HTTP status
  };
  OfMethod& Of(const Labels& labels);

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  prometheus::Family<prometheus::Counter>& bytes_in_;
  prometheus::Family<prometheus::Counter>& bytes_out_;
  prometheus::Gauge& connections_;
  prometheus::Gauge& routes_ready_;
  prometheus::Gauge& routes_;
  std::map<Labels, OfMethod> by_labels_;
};

}  // namespace chains::gateway
