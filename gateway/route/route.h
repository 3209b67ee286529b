// Route: what a URL may name: one deployment of one chain.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace chains::gateway {

struct Route {
  enum class Kind { kEnvironment, kDeployment };
  std::string chain;  // "hello"
  Kind kind = Kind::kEnvironment;
  std::string name;  // "production"; of a deployment its id

  // "hello/production", "hello/deployment/8f3a".
  std::string ToString() const;
  // "/production", "/deployment/8f3a": where its methods are, behind a prefix of its chain.
  std::string Path() const;

  friend bool operator==(const Route&, const Route&) = default;
};

// A route and where its entrypoint answers: "hello/production=127.0.0.1:9001,127.0.0.1:9002".
struct RouteFlag {
  Route route;
  std::vector<std::string> addresses;
};
absl::StatusOr<RouteFlag> ParseRouteFlag(std::string_view text);

}  // namespace chains::gateway
