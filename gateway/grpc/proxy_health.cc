#include "gateway/grpc/proxy_health.h"

#include <optional>
#include <utility>

#include "chains/core/text.h"
#include "chains/v1/wire_health.pb.h"
#include "gateway/grpc/proxy.h"

namespace chains::gateway {
namespace {

using wire::v1::HealthCheckRequest;
using wire::v1::HealthCheckResponse;

constexpr std::string_view kName = "grpc.health.v1.Health";
constexpr Method kCheck{.chainlet = kName,
                        .name = "Check",
                        .path = "/grpc.health.v1.Health/Check",
                        .kind = MethodKind::kUnary,
                        .idempotent = true};
constexpr Method kWatch{.chainlet = kName,
                        .name = "Watch",
                        .path = "/grpc.health.v1.Health/Watch",
                        .kind = MethodKind::kServerStreaming,
                        .idempotent = true};

HealthCheckResponse::ServingStatus StatusOf(const absl::StatusOr<bool>& serves) {
  if (!serves.ok()) return HealthCheckResponse::SERVICE_UNKNOWN;
  return *serves ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

absl::StatusOr<Bytes> Reply(HealthCheckResponse::ServingStatus status) {
  HealthCheckResponse response;
  response.set_status(status);
  return Bytes::Serialize(response);
}

}  // namespace

ProxyHealth::ProxyHealth(RoutesInForce& routes) : routes_(routes) {
  service_.AddUnary(kCheck, [this](Bytes request) { return Check(std::move(request)); });
  service_.AddStreaming(kWatch,
                        [this](Stream<Bytes> requests) { return Watch(std::move(requests)); });
}

absl::StatusOr<bool> ProxyHealth::Serves(const Context& context, std::string_view service) const {
  const std::shared_ptr<const Routes>& routes = routes_.routes();
  if (service.empty() && !NamesARoute(context)) return routes != nullptr;
  if (routes == nullptr) return absl::NotFoundError("the gateway has no routes yet");
  const absl::StatusOr<size_t> route = ChosenRoute(*routes, context);
  if (!route.ok()) return route.status();
  const Target& target = routes->target(*route);
  if (target.transcoder() == nullptr) return false;
  const std::string& entrypoint = target.transcoder()->service().full_name();
  if (!service.empty() && service != entrypoint) {
    return absl::NotFoundError(
        Text("no contract ", service, " at ", target.route().ToString(), ", only ", entrypoint));
  }
  return target.problem().ok();
}

Task<Bytes> ProxyHealth::Check(Bytes request) const {
  HealthCheckRequest asked;
  co_await request.ParseInto(asked);
  const Context context = co_await CurrentContext();
  const absl::StatusOr<bool> serves = Serves(context, asked.service());
  co_await serves.status();
  co_return Reply(StatusOf(serves));
}

Stream<Bytes> ProxyHealth::Watch(Stream<Bytes> requests) const {
  std::optional<Bytes> request = co_await requests.Next();
  if (!request) co_await absl::InvalidArgumentError("Watch without a request");
  HealthCheckRequest asked;
  co_await request->ParseInto(asked);
  const Context context = co_await CurrentContext();
  std::optional<HealthCheckResponse::ServingStatus> told;
  while (true) {
    const auto status = StatusOf(Serves(context, asked.service()));
    if (told == status) {
      co_await routes_.exchanged().Wait();
      continue;
    }
    told = status;
    Bytes reply = co_await Reply(status);
    co_yield std::move(reply);
  }
}

}  // namespace chains::gateway
