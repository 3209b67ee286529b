#include "gateway/app/routes.h"

#include <utility>

#include "chains/core/text.h"

namespace chains::gateway {

absl::StatusOr<std::shared_ptr<const Routes>> Routes::Create(
    std::vector<std::shared_ptr<Target>> targets, std::optional<ApiKeys> keys) {
  std::vector<Route> routes;
  for (const auto& target : targets) routes.push_back(target->route());
  absl::StatusOr<Router> router = Router::Create(std::move(routes));
  if (!router.ok()) return router.status();
  return std::unique_ptr<const Routes>(
      new Routes(*std::move(router), std::move(targets), std::move(keys)));
}

std::set<Metrics::Labels> Routes::Counted() const {
  std::set<Metrics::Labels> counted;
  for (const auto& target : targets_) {
    if (target->transcoder() == nullptr) continue;
    for (const auto& method : target->transcoder()->methods()) {
      counted.insert(target->LabelsOf(*method));
    }
  }
  return counted;
}

absl::StatusOr<std::shared_ptr<const Routes>> RoutesInForce::Now() const {
  if (routes_ != nullptr) return routes_;
  constexpr std::string_view kNone = "the gateway has no routes yet";
  return absl::UnavailableError(missing_.ok() ? std::string(kNone)
                                              : Text(kNone, ": ", MessageOf(missing_)));
}

void RoutesInForce::Exchange(std::shared_ptr<const Routes> routes) {
  routes_ = std::move(routes);
  exchanged_.Give();
}

}  // namespace chains::gateway
