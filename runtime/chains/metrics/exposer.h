// Exposer: answers GET /metrics for Prometheus, on a thread of its own.
//
//   absl::StatusOr<std::unique_ptr<Exposer>> exposer =
//       Exposer::Listen("127.0.0.1:9464", [&] { return MakeFamilies(…).families; });
//
// Nothing is asked for between scrapes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "absl/status/statusor.h"

namespace chains {

class Exposer {
 public:
  // Any thread; one at a time.
  using Collect = std::function<std::vector<prometheus::MetricFamily>()>;

  // `address` is "HOST:PORT" with an IP address; port 0: one that is free. INVALID_ARGUMENT: it is
  // none; UNAVAILABLE: it cannot be listened at. Stops when it is destroyed.
  static absl::StatusOr<std::unique_ptr<Exposer>> Listen(const std::string& address,
                                                         Collect collect);
  virtual ~Exposer() = default;

  // Where it listens.
  virtual std::string address() const = 0;
};

}  // namespace chains
