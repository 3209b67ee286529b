// Router: the path of a URL to one of the routes, and the name of a method. Pure.
//
//   /production/run_remote                     an environment
//   /environments/production/run_remote        the same
//   /deployment/8f3a/run_remote                a deployment
//   /run_remote                                production, without it development
//   /production/download/2026/report.pdf       with the path of a file that the method serves
//   /chains/hello/…                            any of these, of the chain hello
//
// Without /chains/… there must be one chain only. Before a file's path the environment is named.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/route/route.h"

namespace chains::gateway {

class Router {
 public:
  struct Match {
    size_t route;           // index into routes()
    std::string method;     // "run_remote": whether there is one, the contract knows
    std::string rest = {};  // "2026/report.pdf", as it came; most paths end with their method
    friend bool operator==(const Match&, const Match&) = default;
  };

  // ALREADY_EXISTS where a route is there twice.
  static absl::StatusOr<Router> Create(std::vector<Route> routes);

  // `target` as in the request line, query included. NOT_FOUND says what there is instead.
  absl::StatusOr<Match> Find(std::string_view target) const;

  const std::vector<Route>& routes() const { return routes_; }
  // The route that names say, as gRPC callers give them: `deployment` is an id, and excludes
  // `environment`. What is empty is left out, as in a path: the only chain; production, without it
  // development. NOT_FOUND says what there is instead.
  absl::StatusOr<size_t> Choose(std::string_view chain, std::string_view environment,
                                std::string_view deployment) const;
  // Every path at which a route's methods are, the method left off; the preferred one first.
  std::vector<std::string> PathsOf(size_t route) const;

 private:
  class Path;

  // A route's name, in the order of by_name_.
  using Name = std::tuple<Route::Kind, std::string_view, std::string_view>;
  static Name NameOf(const Route& route) { return {route.kind, route.name, route.chain}; }

  explicit Router(std::vector<Route> routes);

  // `begin`: of its segments, the first behind the chain.
  absl::StatusOr<Match> FindIn(std::string_view chain, std::string_view target, const Path& path,
                               size_t begin) const;
  absl::StatusOr<size_t> Default(std::string_view chain) const;
  // Index into routes(); nullopt without one.
  std::optional<size_t> IndexOf(std::string_view chain, Route::Kind kind,
                                std::string_view name) const;
  // Empty without such a deployment.
  std::string_view ChainOf(std::string_view deployment) const;
  // For messages.
  std::string RoutesOf(std::string_view chain) const;

  std::vector<Route> routes_;
  std::vector<size_t> by_name_;      // indices into routes_, sorted
  std::vector<std::string> chains_;  // each once
};

}  // namespace chains::gateway
