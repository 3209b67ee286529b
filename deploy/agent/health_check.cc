#include "deploy/agent/health_check.h"

#include "absl/time/clock.h"
#include "chains/chain/client.h"
#include "chains/core/text.h"
#include "chains/v1/wire_health.pb.h"

namespace chains::deploy {
namespace {

using wire::v1::HealthCheckResponse;

constexpr Method kCheck{.chainlet = "grpc.health.v1.Health",
                        .name = "Check",
                        .path = "/grpc.health.v1.Health/Check",
                        .kind = MethodKind::kUnary,
                        .idempotent = true};

}  // namespace

absl::Status AskHealth(const std::string& address, absl::Duration timeout) {
  chains::internal::ClientConnection client(address);
  const Context context = Context().WithDeadline(absl::Now() + timeout);
  absl::StatusOr<Bytes> reply = RunOn(
      client.reactor(), [&client] { return client.channel().Unary(kCheck, Bytes()); }, context);
  if (!reply.ok()) return absl::UnavailableError(reply.status().message());
  HealthCheckResponse said;
  if (absl::Status parsed = reply->ParseInto(said); !parsed.ok()) return parsed;
  if (said.status() == HealthCheckResponse::SERVING) return absl::OkStatus();
  return absl::UnavailableError(
      Text(address, " says ", HealthCheckResponse::ServingStatus_Name(said.status())));
}

}  // namespace chains::deploy
