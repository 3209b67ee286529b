// ProxyHealth: grpc.health.v1.Health of what gRPC clients reach through a gateway.
//
// The service "" is the gateway, which serves once it has routes, or, where metadata names a route
// (see proxy.h), that one; another name must be the contract of the route's entrypoint. A
// deployment without replicas serves: a call wakes it up. One that is deactivated or has failed
// does not.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "chains/contract/service.h"
#include "chains/core/context.h"
#include "gateway/app/routes.h"

namespace chains::gateway {

// For the loop's thread, or while that does not run. `routes` outlive it, and it the calls.
class ProxyHealth {
 public:
  explicit ProxyHealth(RoutesInForce& routes);
  ProxyHealth(const ProxyHealth&) = delete;
  ProxyHealth& operator=(const ProxyHealth&) = delete;

  // Who answers Check and Watch; null for other paths.
  const Service::Handler* Find(std::string_view path) const { return service_.Find(path); }

 private:
  // Whether it serves; NOT_FOUND: there is no such service.
  absl::StatusOr<bool> Serves(const Context& context, std::string_view service) const;
  Task<Bytes> Check(Bytes request) const;
  Stream<Bytes> Watch(Stream<Bytes> requests) const;

  RoutesInForce& routes_;
  Service service_;
};

}  // namespace chains::gateway
