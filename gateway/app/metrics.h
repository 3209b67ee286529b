// Metrics: what the gateway has done, as Prometheus reads it and as its platform is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/time/time.h"
#include "chains/core/time_histogram.h"
#include "chains/gpu/gauges.h"
#include "chains/metrics/exemplars.h"
#include "chains/v1/telemetry.pb.h"
#include "gateway/app/quotas.h"

namespace chains::gateway {

// For one thread.
class Metrics {
 public:
  // Of one method of one route; of a request that reached none, all are empty.
  struct Labels {
    std::string chain;
    std::string deployment;  // as the path says: "production", "deployment/8f3a"
    std::string method;      // "run_remote"
    // Of a platform's deployment: its id, and the environment by which it was called, where it was.
    std::string id = {};
    std::string environment = {};
    auto operator<=>(const Labels&) const = default;
  };
  // Rows that the platform is told of; further ones are left out, and counted as dropped.
  static constexpr size_t kMostTold = 2000;

 private:
  // What is counted under some names.
  struct Counts {
    std::map<int, uint64_t> statuses;
    TimeCounts took;
    uint64_t in_flight = 0;
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
    std::map<size_t, Exemplar> exemplars;  // by bucket of `took`
  };

 public:
  // How a request ended.
  struct End {
    int http_status = 499;  // the client left
    absl::Duration took;
    absl::Time at;
    size_t bytes_in = 0;
    size_t bytes_out = 0;
    std::string_view trace_id = {};  // 32 hexadecimal digits, where it was traced
  };

  // What is counted under such labels.
  class Series {
   public:
    // `told` may be null.
    Series(std::shared_ptr<Counts> shown, std::shared_ptr<Counts> told)
        : shown_(std::move(shown)), told_(std::move(told)) {}
    Series(const Series&) = delete;
    Series& operator=(const Series&) = delete;

    void Began();
    // A request that runs turned out to be of `to`.
    void MovedTo(Series& to);
    void Ended(const End& end);

   private:
    void Left();

    const std::shared_ptr<Counts> shown_;  // to Prometheus
    const std::shared_ptr<Counts> told_;   // to the platform
  };

  // Takes a search among names; who counts often keeps it.
  std::shared_ptr<Series> Of(const Labels& labels);
  // Counts no more what is not among `wanted` and nobody holds, so that a gateway whose deployments
  // come and go does not grow. A platform is told of a deployment as long as any label names it.
  void Forget(const std::set<Labels>& wanted);

  // What is asked for when somebody looks.
  struct Now {
    size_t connections = 0;
    size_t web_sockets = 0;
    size_t routes_ready = 0;
    size_t routes = 0;
    Quotas::Counts refused = {};
  };
  struct Page {
    std::string_view type;
    std::string body;
  };
  // In OpenMetrics, with exemplars, where `accept`, a header, likes that better than Prometheus'
  // older text. GPUs that chainlets of this process use are in it.
  Page Text(const Now& now, std::string_view accept);

  // Adds a row for each deployment, environment and method that had requests.
  void AddRoutes(v1::Measurements& measurements) const;

 private:
  using Shown = std::tuple<std::string, std::string, std::string>;  // chain, deployment, method
  using Told = std::tuple<std::string, std::string, std::string>;   // id, environment, method
  std::shared_ptr<Counts> ToldOf(const Labels& labels);

  std::map<Shown, std::shared_ptr<Counts>> shown_;
  std::map<Told, std::shared_ptr<Counts>> told_;
  std::map<Labels, std::shared_ptr<Series>> by_labels_;
  uint64_t dropped_ = 0;
  gpu::Gauges gpus_;
};

}  // namespace chains::gateway
