#include "deploy/platform/control_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <google/protobuf/util/message_differencer.h>

#include "absl/time/clock.h"
#include "chains/core/root.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "deploy/platform/tables.h"
#include "deploy/platform/token.h"

namespace chains::deploy {
namespace {

using google::protobuf::util::MessageDifferencer;

// From the beginning of a stream until its first message.
constexpr absl::Duration kFirstMessage = absl::Seconds(10);

Replica::State StateOf(v1::ReplicaState state) {
  switch (state) {
    case v1::REPLICA_READY:
      return Replica::State::kReady;
    case v1::REPLICA_UNHEALTHY:
      return Replica::State::kUnhealthy;
    default:
      return Replica::State::kStarting;
  }
}

bool HasChainlet(const Deployment& deployment, const std::string& chainlet) {
  for (const auto& revision : {deployment.live, deployment.pending}) {
    if (revision != nullptr && revision->UnitOf(chainlet) != nullptr) return true;
  }
  return false;
}

}  // namespace

// A replica's stream: what it says is read by a task of its own while orders are written.
struct ControlService::Attachment {
  Attachment(Model& in, uint64_t of, const v1::ReplicaReport& first, Stream<v1::ReplicaReport> from)
      : model(in),
        number(of),
        deployment(first.deployment()),
        name(first.replica()),
        reports(std::move(from)) {}
  Attachment(const Attachment&) = delete;
  ~Attachment() {
    Replica* const replica = Find();
    if (replica == nullptr) return;
    replica->stream = 0;
    model.Touch();
  }
  // Null once the replica, or its deployment, is gone, or it has another stream.
  Replica* Find() {
    Deployment* const of = model.Find(deployment);
    if (of == nullptr) return nullptr;
    const auto found = of->replicas.find(name);
    const bool is_its = found != of->replicas.end() && found->second.stream == number;
    return is_its ? &found->second : nullptr;
  }

  Model& model;
  const uint64_t number;
  const std::string deployment;
  const std::string name;
  Stream<v1::ReplicaReport> reports;
  bool ended = false;
};

struct ControlService::Watching {
  Watching(Model& in, uint64_t of, Stream<v1::RoutesSeen> from)
      : model(in), number(of), seen(std::move(from)) {
    model.gateways[number];
  }
  Watching(const Watching&) = delete;
  ~Watching() {
    model.gateways.erase(number);
    model.Touch();
  }

  Model& model;
  const uint64_t number;
  Stream<v1::RoutesSeen> seen;
  bool ended = false;
};

Stream<v1::ReplicaOrders> ControlService::Attach(Stream<v1::ReplicaReport> requests) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  v1::ReplicaReport first = co_await WithTimeout(ReadFirst(&requests), kFirstMessage);
  Deployment* const deployment = model_.Find(first.deployment());
  // Who has no token learns nothing of what there is.
  const std::string expected = deployment == nullptr ? "" : deployment->record.token();
  co_await CheckToken(here.context(), expected);
  const auto found = deployment->replicas.find(first.replica());
  if (found == deployment->replicas.end()) {
    co_await absl::NotFoundError(
        Text("no replica ", first.replica(), " of ", first.deployment(), " is expected here"));
  }
  found->second.stream = ++last_stream_;
  found->second.follower = {};
  Attachment attachment(model_, last_stream_, first, std::move(requests));
  Take(std::move(first), *deployment, found->second, here.loop().Now());
  model_.Touch();
  chains::internal::Root<void> reading(here.loop(), Context(), ReadReports(&attachment),
                                       [this, &attachment](const auto&) {
                                         attachment.ended = true;
                                         model_.changed().Give();
                                       });
  reading.Start();
  std::optional<v1::ReplicaOrders> told;
  while (!attachment.ended) {
    Deployment* const of = model_.Find(attachment.deployment);
    Replica* const replica = attachment.Find();
    if (replica == nullptr) {
      co_await absl::NotFoundError("this replica is not expected any more, or attached again");
    }
    v1::ReplicaOrders orders = OrdersFor(*of, *replica, here.loop().Now());
    if (authority_ != nullptr) AddCallers(*of, orders);
    replica->follower.looked = model_.version();
    if (!told || !MessageDifferencer::Equals(*told, orders)) {
      told = orders;
      orders.set_version(model_.version());
      replica->follower.sent = model_.version();
      co_yield std::move(orders);
      continue;
    }
    co_await model_.changed().Wait();
  }
}

Task<v1::ReplicaReport> ControlService::ReadFirst(Stream<v1::ReplicaReport>* reports) {
  std::optional<v1::ReplicaReport> first = co_await reports->Next();
  if (!first) co_await absl::InvalidArgumentError("a replica says first who it is");
  co_return *std::move(first);
}

Task<void> ControlService::ReadReports(Attachment* attachment) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  while (true) {
    std::optional<v1::ReplicaReport> report = co_await attachment->reports.Next();
    if (!report) co_return;
    Replica* const replica = attachment->Find();
    if (replica == nullptr) co_return;
    Take(*std::move(report), *model_.Find(attachment->deployment), *replica, here.loop().Now());
  }
}

void ControlService::Observe(v1::ReplicaReport& report, const Deployment& deployment,
                             absl::Time now) {
  if (observatory_ != nullptr && report.has_telemetry()) {
    observatory_->TakeFromReplica({.chain = deployment.record.chain(),
                                   .deployment = deployment.id(),
                                   .name = report.replica()},
                                  std::move(*report.mutable_telemetry()), now);
  }
  report.clear_telemetry();
}

// Calls that came and went between two reports keep a chainlet awake, too.
void ControlService::NoteUse(const v1::ReplicaReport& report, Deployment& deployment,
                             const Replica& replica, absl::Time now) {
  for (const v1::ChainletLoad& load : report.loads()) {
    uint64_t before = 0;
    for (const v1::ChainletLoad& last : replica.report.loads()) {
      if (last.chainlet() == load.chainlet()) before = last.calls();
    }
    const auto scaler = deployment.scalers.find(load.chainlet());
    if (load.calls() > before && scaler != deployment.scalers.end()) {
      scaler->second.autoscaler.Wake(now);
    }
  }
}

// Loads alone are no change that anybody must be told of.
void ControlService::Take(v1::ReplicaReport report, Deployment& deployment, Replica& replica,
                          absl::Time now) {
  report.set_replica(replica.name);
  Observe(report, deployment, now);
  // One that drains is as it was, but gets no new calls.
  const bool drains = report.state() == v1::REPLICA_DRAINING;
  const Replica::State state = drains ? replica.state : StateOf(report.state());
  bool changed =
      state != replica.state || report.addresses_size() != replica.report.addresses_size();
  if (state == Replica::State::kReady && replica.state != state) {
    replica.ready_since = now;
    deployment.crashes[replica.unit].report.clear();
  }
  if (state == Replica::State::kUnhealthy && replica.state != state) replica.unhealthy_since = now;
  if (report.orders_seen() > replica.follower.seen) {
    replica.follower.seen = report.orders_seen();
    changed = true;
  }
  if (drains && !replica.draining) {
    replica.draining = true;  // somebody else asked it to leave
    replica.drains_since = now;
    replica.left_at = model_.Touch();
  }
  NoteUse(report, deployment, replica, now);
  replica.state = state;
  replica.report = std::move(report);
  replica.reported = now;
  for (const v1::Demand& demand : replica.report.demands()) {
    const auto scaler = deployment.scalers.find(demand.chainlet());
    if (demand.waiting() == 0 || scaler == deployment.scalers.end()) continue;
    if (scaler->second.autoscaler.wanted() > 0) continue;
    deployment.WakeUp(now);
    changed = true;
  }
  if (changed) model_.Touch();
}

Stream<v1::RouteTable> ControlService::WatchRoutes(Stream<v1::RoutesSeen> requests) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  co_await CheckToken(here.context(), token_);
  Watching watching(model_, ++last_stream_, std::move(requests));
  chains::internal::Root<void> reading(here.loop(), Context(), ReadSeen(&watching),
                                       [this, &watching](const auto&) {
                                         watching.ended = true;
                                         model_.changed().Give();
                                       });
  reading.Start();
  std::optional<v1::RouteTable> told;
  while (!watching.ended) {
    Follower& follower = model_.gateways[watching.number].follower;
    v1::RouteTable table = RoutesOf(model_, here.loop().Now(), told.value_or(v1::RouteTable()));
    follower.looked = model_.version();
    v1::RouteTable bare = table;
    for (v1::DeploymentRoute& route : *bare.mutable_deployments()) route.clear_descriptors();
    if (!told || !MessageDifferencer::Equals(*told, bare)) {
      told = std::move(bare);
      table.set_version(model_.version());
      follower.sent = model_.version();
      co_yield std::move(table);
      continue;
    }
    co_await model_.changed().Wait();
  }
}

Task<void> ControlService::ReadSeen(Watching* watching) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  while (true) {
    std::optional<v1::RoutesSeen> seen = co_await watching->seen.Next();
    if (!seen) co_return;
    if (observatory_ != nullptr && seen->has_telemetry()) {
      observatory_->TakeFromGateway(seen->gateway(), std::move(*seen->mutable_telemetry()),
                                    here.loop().Now());
    }
    FollowingGateway& gateway = model_.gateways[watching->number];
    const uint64_t before = gateway.follower.seen;
    gateway.follower.seen = std::max(before, seen->version());
    gateway.requests.clear();
    for (const v1::DeploymentLoad& load : seen->loads()) {
      gateway.requests[load.deployment()] = load.waiting() + load.in_flight();
      Deployment* const deployment = model_.Find(load.deployment());
      if (deployment == nullptr) continue;
      deployment->traffic.answered += load.answered();
      deployment->traffic.failed += std::min(load.failed(), load.answered());
    }
    if (gateway.follower.seen != before) model_.Touch();
  }
}

Task<v1::WakeUpResponse> ControlService::WakeUp(v1::WakeUpRequest request) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  co_await CheckToken(here.context(), token_);
  Deployment* const deployment = model_.Find(request.deployment());
  if (deployment == nullptr) {
    co_return absl::NotFoundError(Text("there is no deployment ", request.deployment()));
  }
  if (!deployment->active()) {
    co_return absl::FailedPreconditionError(
        Text("deployment ", request.deployment(), " is not active"));
  }
  deployment->WakeUp(here.loop().Now());
  model_.Touch();
  co_return v1::WakeUpResponse();
}

// What the token permits, and no name that the caller chose.
absl::StatusOr<PeerNames> ControlService::NamesFor(const v1::CertifyRequest& request,
                                                   const Context& context) {
  const std::string& domain = authority_->trust_domain();
  if (request.deployment().empty()) {
    if (absl::Status shows = CheckToken(context, token_); !shows.ok()) return shows;
    return PeerNames{GatewayPeer(domain)};
  }
  const Deployment* const deployment = model_.Find(request.deployment());
  const std::string expected = deployment == nullptr ? "" : deployment->record.token();
  if (absl::Status shows = CheckToken(context, expected); !shows.ok()) return shows;
  PeerNames names;
  for (const std::string& chainlet : request.chainlets()) {
    if (!HasChainlet(*deployment, chainlet)) {
      return absl::InvalidArgumentError(
          Text("no chainlet ", chainlet, " in the deployment ", request.deployment()));
    }
    names.push_back(ChainletPeer(domain, deployment->record.chain(), chainlet));
  }
  if (names.empty()) return absl::InvalidArgumentError("say which chainlets the replica serves");
  return names;
}

Task<v1::CertifyResponse> ControlService::Certify(v1::CertifyRequest request) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  if (authority_ == nullptr) {
    co_return absl::FailedPreconditionError("this platform makes no certificates: it has no mTLS");
  }
  PeerNames names = co_await NamesFor(request, here.context());
  const absl::Time now = absl::Now();
  std::string certificate = co_await authority_->Certify(request.request(), names, now);
  v1::CertifyResponse response;
  response.set_certificate(std::move(certificate));
  response.set_roots(authority_->roots());
  co_return response;
}

}  // namespace chains::deploy
