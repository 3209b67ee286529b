// GrpcProxy: gRPC calls to the entrypoints that routes lead to, as bytes: the gateway for gRPC
// clients.
//
//   GrpcProxy proxy(server->reactor(0), gateway.routes(), {});
//   server->SetFallback(0, [&](std::string_view path, const Context& context) {
//     return proxy.Find(path, context);
//   });
//
// A call says by metadata where it goes: `chains-chain`, `chains-environment`, `chains-deployment`;
// without them to the only chain, and there to production, else development. Its key is the
// metadata `authorization`, as over HTTP. Health and reflection (of the contract that the call
// would reach) want no key.
#pragma once

#include <memory>
#include <random>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/contract/service.h"
#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "gateway/app/metrics.h"
#include "gateway/app/quotas.h"
#include "gateway/app/routes.h"
#include "gateway/app/tally.h"
#include "gateway/app/telling.h"
#include "gateway/grpc/proxy_health.h"

namespace chains::gateway {

class TracedCall;

// For the loop's thread, or while that does not run.
class GrpcProxy {
 public:
  struct Options {
    // Of a unary call that has no deadline and whose contract says nothing, and of a stream's wait
    // for its first replica.
    absl::Duration timeout = absl::Seconds(60);
    // No unary call has more, whatever its grpc-timeout says.
    absl::Duration max_timeout = absl::Hours(1);
    Quotas* quotas = nullptr;    // outlives the calls; null: there are none
    Telling* telling = nullptr;  // likewise; null: nobody is told of calls, and none are traced
    Metrics* metrics = nullptr;  // likewise; null: nobody looks at what is counted
  };
  // `loop` and `routes` outlive it, and it the calls.
  GrpcProxy(Loop& loop, RoutesInForce& routes, Options options);
  GrpcProxy(const GrpcProxy&) = delete;
  GrpcProxy& operator=(const GrpcProxy&) = delete;

  // A handler for one call. Refused as over HTTP: UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND,
  // UNAVAILABLE, RESOURCE_EXHAUSTED; UNIMPLEMENTED: the contract has no such method. Its priority
  // is the metadata `chains-priority`, up to its key's ceiling; 4 is as if it were not there. It is
  // traced and counted as over HTTP, and told of as a request of the same method there.
  absl::StatusOr<Service::Handler> Find(std::string_view path, const Context& context) const;

 private:
  class Call;
  // What the call takes up, and which priority it has.
  struct Share {
    std::shared_ptr<Tally> tally;  // holds its stay
    absl::Time began;
    int priority = Context::kUsualPriority;
  };
  absl::StatusOr<Service::Handler> FindUntold(std::string_view path, const Context& context) const;
  absl::StatusOr<Service::Handler> HandlerFor(std::shared_ptr<const Routes> routes,
                                              std::string_view path, const Context& context,
                                              Tally& tally) const;
  absl::StatusOr<Share> Begin(const Routes& routes, const Context& context, Tally& tally) const;
  absl::StatusOr<Call> CallBy(std::shared_ptr<const Routes> routes, std::string_view path,
                              const Context& context) const;
  static Task<Call> Awake(Call call, const Context& received, TracedCall& traced);
  static Task<Call> UntilAwake(Call call, Context received);
  static Task<Bytes> Forward(Call call, Bytes request);
  static Stream<Bytes> ForwardStream(Call call, Stream<Bytes> requests);
  static Stream<Bytes> Counted(std::shared_ptr<Tally> tally, Stream<Bytes> requests);

  Loop& loop_;
  RoutesInForce& routes_;
  const Options options_;
  const ProxyHealth health_;
  const std::unique_ptr<Telling> nobody_;  // null where there is somebody to tell
  Telling& telling_;
  const std::unique_ptr<Metrics> unseen_;  // null where somebody looks
  Metrics& metrics_;
  const std::shared_ptr<Metrics::Series> nowhere_;           // what no route has
  mutable std::minstd_rand random_{std::random_device{}()};  // which calls a canary gets
};

// The route that the headers of `context` choose. NOT_FOUND says what there is.
absl::StatusOr<size_t> ChosenRoute(const Routes& routes, const Context& context);
// Whether they name any.
bool NamesARoute(const Context& context);

}  // namespace chains::gateway
