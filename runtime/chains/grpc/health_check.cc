#include "chains/grpc/health_check.h"

#include <ostream>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/process.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/run_on.h"
#include "chains/v1/wire_health.pb.h"

namespace chains {
namespace {

using wire::v1::HealthCheckRequest;
using wire::v1::HealthCheckResponse;

constexpr absl::Duration kTimeout = absl::Seconds(3);
constexpr Method kHealthCheck{.chainlet = "grpc.health.v1.Health",
                              .name = "Check",
                              .path = "/grpc.health.v1.Health/Check",
                              .kind = MethodKind::kUnary,
                              .idempotent = true};

absl::Status StatusIn(const std::string& address, const Bytes& reply) {
  HealthCheckResponse response;
  if (absl::Status parsed = reply.ParseInto(response); !parsed.ok()) return parsed;
  if (response.status() == HealthCheckResponse::SERVING) return absl::OkStatus();
  return absl::UnavailableError(
      Text(address, " says ", HealthCheckResponse::ServingStatus_Name(response.status())));
}

}  // namespace

absl::Status AskHealth(const std::string& address, std::string_view contract,
                       absl::Duration timeout) {
  HealthCheckRequest request;
  request.set_service(std::string(contract));
  absl::StatusOr<Bytes> asked = Bytes::Serialize(request);
  if (!asked.ok()) return asked.status();
  WorkerPool workers;
  Reactor reactor(workers);
  absl::StatusOr<Bytes> reply = absl::UnavailableError("not asked");
  {
    GrpcChannel channel(address, reactor);
    reactor.Start();
    reply = RunOn(
        reactor, [&] { return channel.Unary(kHealthCheck, *std::move(asked)); },
        Context().WithDeadline(absl::Now() + timeout));
    reactor.Stop();
  }
  return reply.ok() ? StatusIn(address, *reply) : reply.status();
}

int CheckHealth(const std::string& address, std::ostream& says) {
  PrepareProcess();
  const absl::Status health = AskHealth(address, "", kTimeout);
  if (health.ok()) return 0;
  says << "not healthy: " << MessageOf(health) << "\n";
  return 1;
}

}  // namespace chains
