// Metrics: what the gateway has done, as Prometheus reads it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "absl/time/time.h"
#include "chains/gpu/gauges.h"
#include "gateway/app/quotas.h"

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

  // What is counted under such labels. The Metrics outlive it.
  class Series {
   public:
    Series(Metrics& metrics, const Labels& labels);
    Series(const Series&) = delete;
    Series& operator=(const Series&) = delete;
    ~Series();

    void Began() { in_flight_.Increment(); }
    // A request that runs turned out to be of `to`.
    void MovedTo(Series& to) {
      in_flight_.Decrement();
      to.in_flight_.Increment();
    }
    // 499 for a client that left.
    void Ended(int http_status, absl::Duration took, size_t bytes_in, size_t bytes_out);

   private:
    Metrics& metrics_;
    const prometheus::Labels labels_;
    prometheus::Gauge& in_flight_;
    prometheus::Histogram& seconds_;
    prometheus::Counter& bytes_in_;
    prometheus::Counter& bytes_out_;
    std::map<int, prometheus::Counter*> requests_;  // by HTTP status
  };

  Metrics();

  // Takes a search among names; who counts often keeps it.
  std::shared_ptr<Series> Of(const Labels& labels);
  // Counts no more what `is_wanted` does not want and nobody holds, so that a gateway whose
  // deployments come and go does not grow.
  void Forget(const std::function<bool(const Labels&)>& is_wanted);

  // How many are open, for the next Text().
  void SetWebSockets(size_t open) { web_sockets_.Set(static_cast<double>(open)); }

  // What was refused since the process started, for the next Text().
  void SetRefused(const Quotas::Counts& counts);

  // Prometheus' text format. What is not counted as it happens is asked for here; so are the GPUs
  // that chainlets of this process use.
  std::string Text(size_t connections, size_t routes_ready, size_t routes);

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  prometheus::Family<prometheus::Counter>& bytes_in_;
  prometheus::Family<prometheus::Counter>& bytes_out_;
  prometheus::Gauge& connections_;
  prometheus::Gauge& web_sockets_;
  prometheus::Family<prometheus::Counter>& refused_;
  prometheus::Gauge& routes_ready_;
  prometheus::Gauge& routes_;
  std::map<Labels, std::shared_ptr<Series>> by_labels_;
  gpu::Gauges gpus_;
};

}  // namespace chains::gateway
