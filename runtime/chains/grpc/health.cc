#include "chains/grpc/health.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/v1/wire_health.pb.h"

namespace chains {
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

absl::StatusOr<Bytes> Reply(HealthCheckResponse::ServingStatus status) {
  HealthCheckResponse response;
  response.set_status(status);
  return Bytes::Serialize(response);
}

HealthCheckResponse::ServingStatus Status(bool serving) {
  return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

}  // namespace

Health::Health() { serving_[""] = true; }

void Health::Add(std::string_view contract) { serving_.emplace(contract, true); }

void Health::Set(std::string_view contract, bool serving) {
  serving_[std::string(contract)] = serving;
  changed_.Give();
}

void Health::Leave() {
  leaving_ = true;
  changed_.Give();
}

std::optional<bool> Health::IsServing(std::string_view contract) const {
  const auto found = serving_.find(contract);
  if (found == serving_.end()) return std::nullopt;
  return !leaving_ && serving_.find("")->second && found->second;
}

Service Health::MakeService() {
  Service service;
  service.AddUnary(kCheck, [this](Bytes request) { return Check(std::move(request)); });
  service.AddStreaming(kWatch,
                       [this](Stream<Bytes> requests) { return Watch(std::move(requests)); });
  return service;
}

Task<Bytes> Health::Check(Bytes request) {
  HealthCheckRequest asked;
  co_await request.ParseInto(asked);
  const std::optional<bool> serving = IsServing(asked.service());
  if (!serving) {
    co_return absl::NotFoundError(absl::StrCat("no contract ", asked.service(), " is served here"));
  }
  co_return Reply(Status(*serving));
}

Stream<Bytes> Health::Watch(Stream<Bytes> requests) {
  std::optional<Bytes> request = co_await requests.Next();
  if (!request) co_await absl::InvalidArgumentError("Watch without a request");
  HealthCheckRequest asked;
  co_await request->ParseInto(asked);
  std::optional<HealthCheckResponse::ServingStatus> told;
  while (true) {
    const std::optional<bool> serving = IsServing(asked.service());
    const auto status = serving ? Status(*serving) : HealthCheckResponse::SERVICE_UNKNOWN;
    if (told != status) {
      told = status;
      Bytes reply = co_await Reply(status);
      co_yield std::move(reply);
    } else if (leaving_) {
      co_return;
    } else {
      co_await changed_.Wait();
    }
  }
}

}  // namespace chains
