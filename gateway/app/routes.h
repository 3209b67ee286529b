// Routes: what requests are routed by: which paths there are, where they lead, and who may call.
//
//   absl::StatusOr<std::shared_ptr<const Routes>> routes = Routes::Create(targets, keys);
//   in_force.Exchange(*std::move(routes));
//
// They do not change: they are exchanged as a whole. A request keeps those that it began with.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/core/notice.h"
#include "gateway/app/api_keys.h"
#include "gateway/app/metrics.h"
#include "gateway/app/target.h"
#include "gateway/route/router.h"

namespace chains::gateway {

// For the loop's thread, or while that does not run.
class Routes {
 public:
  // Without keys everybody may call. ALREADY_EXISTS where a route is there twice.
  static absl::StatusOr<std::shared_ptr<const Routes>> Create(
      std::vector<std::shared_ptr<Target>> targets, std::optional<ApiKeys> keys);

  const Router& router() const { return router_; }
  // By the router's index.
  Target& target(size_t route) const { return *targets_[route]; }
  const std::vector<std::shared_ptr<Target>>& targets() const { return targets_; }
  const std::optional<ApiKeys>& keys() const { return keys_; }

  // How the methods that they have are counted.
  std::set<Metrics::Labels> Counted() const;

 private:
  Routes(Router router, std::vector<std::shared_ptr<Target>> targets, std::optional<ApiKeys> keys)
      : router_(std::move(router)), targets_(std::move(targets)), keys_(std::move(keys)) {}

  const Router router_;
  const std::vector<std::shared_ptr<Target>> targets_;
  const std::optional<ApiKeys> keys_;
};

// Those that requests begin with.
class RoutesInForce {
 public:
  // UNAVAILABLE: there are none yet.
  absl::StatusOr<std::shared_ptr<const Routes>> Now() const;
  // The same, or null.
  const std::shared_ptr<const Routes>& routes() const { return routes_; }
  void Exchange(std::shared_ptr<const Routes> routes);
  // Why there are none yet.
  void Missing(absl::Status why) { missing_ = std::move(why); }
  // Happens with each exchange.
  Notice& exchanged() { return exchanged_; }

 private:
  std::shared_ptr<const Routes> routes_;
  absl::Status missing_;
  Notice exchanged_;
};

}  // namespace chains::gateway
