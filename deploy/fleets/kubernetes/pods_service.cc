#include "deploy/fleets/kubernetes/pods_service.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include <google/protobuf/util/message_differencer.h>
#include <openssl/crypto.h>

#include "chains/core/root.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains::deploy {
namespace {

using google::protobuf::util::MessageDifferencer;

// From the beginning of a stream until its first message.
constexpr absl::Duration kFirstMessage = absl::Seconds(10);
constexpr uint32_t kReportEveryMs = 5000;

absl::Status CheckToken(const Context& context, const std::string& token) {
  const std::optional<std::string_view> shown = context.Header("chains-token");
  if (shown && !token.empty() && shown->size() == token.size() &&
      CRYPTO_memcmp(shown->data(), token.data(), token.size()) == 0) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError("the metadata chains-token is not the one that is expected");
}

FoundReplica Described(const FleetReplica& replica) {
  FoundReplica found;
  found.deployment = replica.deployment;
  found.chain = replica.note.chain;
  found.name = replica.note.replica;
  found.unit = replica.note.unit;
  found.revision = replica.note.revision;
  found.chainlets = replica.note.chainlets;
  found.bundle = replica.note.bundle;
  return found;
}

}  // namespace

// An agent's stream: what it says is read by a task of its own while orders are written.
struct PodsService::Hosting {
  Hosting(FleetState& in, Loop& on, uint64_t of, const v1::PodReport& first,
          Stream<v1::PodReport> from)
      : state(in),
        loop(on),
        number(of),
        deployment(first.deployment()),
        pod(first.pod()),
        reports(std::move(from)) {}
  Hosting(const Hosting&) = delete;
  ~Hosting() {
    AgentPod* const known = Find();
    if (known == nullptr) return;
    known->stream = 0;
    known->gone_since = loop.Now();
    state.changed.Give();
  }
  // Null once the pod is gone, or has another stream.
  AgentPod* Find() const {
    AgentPod* const known = state.FindPod(deployment, pod);
    return known != nullptr && known->stream == number ? known : nullptr;
  }

  FleetState& state;
  Loop& loop;
  const uint64_t number;
  const std::string deployment;
  const std::string pod;
  Stream<v1::PodReport> reports;
  bool ended = false;
};

Stream<v1::PodOrders> PodsService::Host(Stream<v1::PodReport> requests) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  v1::PodReport first = co_await WithTimeout(ReadFirst(&requests), kFirstMessage);
  const auto known = state_.deployments.find(first.deployment());
  // Who has no token learns nothing of what there is.
  const std::string expected = known == state_.deployments.end() ? "" : known->second.wanted.token;
  co_await CheckToken(here.context(), expected);
  if (first.pod().empty()) co_await absl::InvalidArgumentError("an agent says first who it is");
  AgentPod& pod = state_.pods[{first.deployment(), first.pod()}];
  pod.stream = ++last_stream_;
  pod.uid = first.uid();
  pod.place = first.place();
  if (pod.free_since == absl::InfinitePast()) pod.free_since = here.loop().Now();
  Hosting hosting(state_, here.loop(), last_stream_, first, std::move(requests));
  // What was told on an earlier stream and is not there was never heard.
  FleetReplica* const its = state_.InPod(first.deployment(), first.pod());
  if (its != nullptr && !its->seen && !its->found) its->told = false;
  Take(first, pod, here.loop().Now());
  chains::internal::Root<void> reading(here.loop(), Context(), ReadReports(&hosting),
                                       [this, &hosting](const auto&) {
                                         hosting.ended = true;
                                         state_.changed.Give();
                                       });
  reading.Start();
  std::optional<v1::PodOrders> told;
  uint64_t version = 0;
  while (!hosting.ended) {
    const AgentPod* const still = hosting.Find();
    if (still == nullptr) {
      co_await absl::NotFoundError("this pod is not expected any more, or attached again");
    }
    v1::PodOrders orders = OrdersFor(hosting.deployment, hosting.pod, *still);
    if (!told || !MessageDifferencer::Equals(*told, orders)) {
      told = orders;
      orders.set_version(++version);
      co_yield std::move(orders);
      continue;
    }
    co_await state_.changed.Wait();
  }
}

Task<v1::PodReport> PodsService::ReadFirst(Stream<v1::PodReport>* reports) {
  std::optional<v1::PodReport> first = co_await reports->Next();
  if (!first) co_await absl::InvalidArgumentError("an agent says first who it is");
  co_return *std::move(first);
}

Task<void> PodsService::ReadReports(Hosting* hosting) {
  while (true) {
    std::optional<v1::PodReport> report = co_await hosting->reports.Next();
    if (!report) co_return;
    AgentPod* const pod = hosting->Find();
    if (pod == nullptr) co_return;
    // It may speak for its own pod alone.
    report->set_deployment(hosting->deployment);
    report->set_pod(hosting->pod);
    Take(*report, *pod, hosting->loop.Now());
  }
}

void PodsService::Take(const v1::PodReport& report, AgentPod& pod, absl::Time now) {
  TakeOutput(report, pod);
  TakeEnds(report, now);
  TakeRunning(report, pod, now);
  state_.changed.Give();
}

// What nobody can use any more is taken as well, or the agent would offer it for good.
void PodsService::TakeOutput(const v1::PodReport& report, AgentPod& pod) {
  std::set<std::string> spoken_of = {report.replica()};
  for (const v1::ReplicaEnded& ended : report.ended()) spoken_of.insert(ended.replica());
  for (const v1::OutputPiece& piece : report.output()) {
    spoken_of.insert(piece.replica());
    std::string_view data = piece.data();
    if (piece.offset() > std::numeric_limits<uint64_t>::max() - data.size()) continue;
    const uint64_t end = piece.offset() + data.size();
    const auto known = pod.output_kept.find(piece.replica());
    if (known != pod.output_kept.end() && known->second > piece.offset()) {
      if (end <= known->second) continue;
      data.remove_prefix(known->second - piece.offset());
    }
    pod.output_kept[piece.replica()] = end;
    const FleetReplica* const replica = state_.Find(report.deployment(), piece.replica());
    const bool its_own = replica != nullptr && replica->pod == report.pod();
    if (its_own && on_output_ != nullptr) on_output_(Described(*replica), data);
  }
  std::erase_if(pod.output_kept, [&](const auto& kept) { return !spoken_of.contains(kept.first); });
}

void PodsService::TakeEnds(const v1::PodReport& report, absl::Time now) {
  for (const v1::ReplicaEnded& ended : report.ended()) {
    FleetReplica* const replica = state_.Find(report.deployment(), ended.replica());
    if (replica == nullptr || replica->pod != report.pod()) continue;
    state_.End(*replica, ended.asked(), ended.how(),
               {ended.last_lines().begin(), ended.last_lines().end()}, now);
  }
}

void PodsService::TakeRunning(const v1::PodReport& report, AgentPod& pod, absl::Time now) {
  pod.leaving = report.leaving();
  pod.runs = report.replica();
  pod.has_process = report.pid() != 0;
  pod.doing = report.doing();
  FleetReplica* const replica = state_.InPod(report.deployment(), report.pod());
  if (replica == nullptr) return;
  if (replica->note.replica == pod.runs) {
    replica->told = replica->seen = true;
    return;
  }
  if (replica->found) {
    return state_.End(*replica, /*asked=*/true, "did not run any more when its platform came back",
                      {}, now);
  }
  if (replica->seen) {
    replica->lost_since = std::min(replica->lost_since, now);
    return;
  }
  if (pod.leaving) state_.PutBack(*replica);
}

v1::PodOrders PodsService::OrdersFor(const std::string& deployment, const std::string& name,
                                     const AgentPod& pod) {
  v1::PodOrders orders;
  FleetReplica* const replica = state_.InPod(deployment, name);
  absl::Duration patience = drain_;
  if (replica != nullptr && replica->stopping) {
    patience = replica->patience;
  } else if (replica != nullptr && replica->noted && !replica->lost()) {
    *orders.mutable_run() = replica->order;
    replica->told = true;
  }
  orders.set_patience_ms(std::max<int64_t>(0, absl::ToInt64Milliseconds(patience)));
  orders.set_report_every_ms(kReportEveryMs);
  for (const auto& [of, kept] : pod.output_kept) (*orders.mutable_output_kept())[of] = kept;
  return orders;
}

}  // namespace chains::deploy
