#include "gateway/app/target.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/v1/replica.pb.h"

namespace chains::gateway {
namespace {

using json::Transcoder;

const Method& DescribeMethod() {
  static constexpr Method kDescribe{.chainlet = "chains.v1.Replica",
                                    .name = "Describe",
                                    .path = "/chains.v1.Replica/Describe",
                                    .kind = MethodKind::kUnary,
                                    .idempotent = true};
  return kDescribe;
}

bool Serves(const v1::DescribeResponse& description, const std::string& chainlet) {
  const auto& serving = description.serving();
  return std::find(serving.begin(), serving.end(), chainlet) != serving.end();
}

}  // namespace

Target::Target(Route route, Channel& channel, std::unique_ptr<Channel> owned,
               std::shared_ptr<Deployment> deployment, absl::Status problem)
    : route_(std::move(route)),
      owned_(std::move(owned)),
      deployment_(std::move(deployment)),
      channel_(channel),
      problem_(std::move(problem)) {}

std::shared_ptr<Target> Target::Of(Route route, std::shared_ptr<Deployment> deployment,
                                   std::shared_ptr<const Transcoder> transcoder,
                                   absl::Status problem) {
  Channel& channel = deployment->channel();
  std::unique_ptr<Target> target(
      new Target(std::move(route), channel, nullptr, std::move(deployment), std::move(problem)));
  target->transcoder_ = std::move(transcoder);
  return target;
}

absl::StatusOr<std::unique_ptr<Target>> Target::Create(Route route, Channel& channel,
                                                       const Contract& contract) {
  return Create(std::move(route), channel, nullptr, contract);
}

absl::StatusOr<std::unique_ptr<Target>> Target::Create(Route route,
                                                       std::unique_ptr<Channel> channel,
                                                       const Contract& contract) {
  Channel& way = *channel;
  return Create(std::move(route), way, std::move(channel), contract);
}

absl::StatusOr<std::unique_ptr<Target>> Target::Create(Route route, Channel& channel,
                                                       std::unique_ptr<Channel> owned,
                                                       const Contract& contract) {
  absl::Status problem = absl::UnavailableError(
      Text(route.ToString(), " is not there yet: its entrypoint has not answered so far"));
  std::unique_ptr<Target> target(
      new Target(std::move(route), channel, std::move(owned), nullptr, std::move(problem)));
  target->entrypoint_ = contract.entrypoint;
  if (contract.descriptors) {
    const absl::Status learned =
        target->Learn(*contract.descriptors, contract.entrypoint, contract.dialect);
    if (!learned.ok()) return learned;
  }
  return target;
}

void Target::Start(Loop& loop, Backoff backoff) {
  if (transcoder_ != nullptr || asking_ != nullptr || deployment_ != nullptr) return;
  asking_ = std::make_unique<internal::Root<void>>(loop, Context(), AskUntilAnswered(backoff),
                                                   [this](const auto&) { asking_.reset(); });
  asking_->Start();
}

Task<void> Target::AskUntilAnswered(Backoff backoff) {
  for (absl::Duration pause = backoff.first;; pause = std::min(pause * 2, backoff.max)) {
    const absl::StatusOr<internal::Unit> asked = co_await Outcome(Ask(backoff.timeout));
    if (asked.ok()) co_return;
    asked_ = true;
    problem_ = absl::UnavailableError(
        Text(route_.ToString(), " is not there yet: ", MessageOf(asked.status())));
    co_await Sleep(pause);
  }
}

Task<void> Target::Ask(absl::Duration timeout) {
  v1::DescribeRequest empty;
  Bytes request = co_await Bytes::Serialize(empty);
  Bytes reply = co_await WithTimeout(channel_.Unary(DescribeMethod(), std::move(request)), timeout);
  v1::DescribeResponse description;
  co_await reply.ParseInto(description);
  const std::string entrypoint =
      entrypoint_.empty() ? description.manifest().entrypoint() : entrypoint_;
  if (!Serves(description, entrypoint)) {
    co_await absl::FailedPreconditionError(Text("the replica serves ",
                                                absl::StrJoin(description.serving(), ", "),
                                                ", not the entrypoint ", entrypoint));
  }
  co_await Learn(description.descriptors(), entrypoint, json::Dialect::kChains);
}

absl::Status Target::Learn(const google::protobuf::FileDescriptorSet& descriptors,
                           const std::string& entrypoint, json::Dialect dialect) {
  Transcoder::Limits limits;
  limits.dialect = dialect;
  absl::StatusOr<std::unique_ptr<const Transcoder>> transcoder =
      Transcoder::Create(descriptors, entrypoint, limits);
  if (!transcoder.ok()) return transcoder.status();
  transcoder_ = *std::move(transcoder);
  problem_ = absl::OkStatus();
  return absl::OkStatus();
}

Metrics::Labels Target::LabelsOf(const Transcoder::Method& method) const {
  Metrics::Labels labels{
      .chain = route_.chain, .deployment = route_.Path().substr(1), .method = method.snake_name};
  if (deployment_ == nullptr) return labels;
  labels.id = deployment_->id();
  if (route_.kind == Route::Kind::kEnvironment) labels.environment = route_.name;
  return labels;
}

// Only names that the configuration or a contract has: clients cannot make up series.
const std::shared_ptr<Metrics::Series>& Target::SeriesOf(const Transcoder::Method& method,
                                                         Metrics& metrics) {
  std::shared_ptr<Metrics::Series>& series = series_[&method];
  if (series == nullptr) series = metrics.Of(LabelsOf(method));
  return series;
}

}  // namespace chains::gateway
