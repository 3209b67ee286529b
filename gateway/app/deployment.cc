#include "gateway/app/deployment.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/metrics/edge_message.h"
#include "chains/metrics/histogram_message.h"
#include "chains/policy/stack.h"

namespace chains::gateway {
namespace {

constexpr absl::Duration kAfterAFailure = absl::Seconds(1);

std::vector<ElasticChannel::Way> WaysOf(const v1::DeploymentRoute& route) {
  std::vector<ElasticChannel::Way> ways;
  for (const v1::Endpoint& replica : route.replicas()) {
    ways.push_back({.address = replica.address(),
                    .connections = std::max<size_t>(1, replica.connections()),
                    .zone = replica.zone()});
  }
  return ways;
}

}  // namespace

// A request that waits.
class Deployment::Stay {
 public:
  explicit Stay(Deployment& deployment) : deployment_(deployment) {
    if (++deployment_.waiting_ > 1 || deployment_.starter_ == nullptr) return;
    if (!deployment_.waking_) deployment_.BeginToWake();
    deployment_.starter_->WaitingBegan();
  }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;
  ~Stay() { --deployment_.waiting_; }

 private:
  Deployment& deployment_;
};

Deployment::Deployment(Loop& loop, std::string chain, std::string id,
                       ElasticChannel::Connect connect, Starter& starter, Options options)
    : loop_(loop),
      chain_(std::move(chain)),
      id_(std::move(id)),
      options_(std::move(options)),
      starter_(&starter) {
  ElasticChannel::Options ways = {.max_waiting = options_.max_waiting,
                                  .name = Name(),
                                  .balancing = options_.balancing,
                                  .zone = options_.zone,
                                  .counters = &counters_};
  auto elastic = std::make_unique<ElasticChannel>(std::move(connect), std::move(ways));
  ways_ = elastic.get();
  channel_ = Stacked(std::move(elastic), options_.hedging, options_.circuit,
                     {.from = "the gateway", .to = Name()}, &budget_, counters_);
}

std::string Deployment::Name() const { return Text("the deployment ", id_, " of ", chain_); }

void Deployment::Update(const v1::DeploymentRoute& route) {
  ways_->SetWays(route.active() ? WaysOf(route) : std::vector<ElasticChannel::Way>());
  if (route.active()) {
    refusal_ = absl::OkStatus();
  } else {
    const std::string why = route.problem().empty() ? "it was deactivated" : route.problem();
    refusal_ = absl::UnavailableError(Text(Name(), " is not active: ", why));
  }
  if (awake()) {
    woken_ = absl::InfinitePast();
    not_woken_ = absl::OkStatus();
    waking_.reset();
  } else if (waiting_ > 0 && refusal_.ok() && !waking_) {
    BeginToWake();
  }
  changed_.Give();
}

void Deployment::Leave(absl::Status why) {
  refusal_ = std::move(why);
  starter_ = nullptr;
  waking_.reset();
  changed_.Give();
}

void Deployment::Answered(const Method& method, const absl::Status& status, absl::Time began,
                          int attempts) {
  CallMeasures& measures = MeasuresOf(method);
  measures.Ended(status.code());
  measures.Took(loop_.Now() - began);
  for (int i = 1; i < attempts; ++i) measures.FurtherAttempt();
  ++answers_.all;
  if (status.ok()) budget_.Answered();
  switch (status.code()) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      ++answers_.failed;
      break;
    default:
      break;
  }
}

CallMeasures& Deployment::MeasuresOf(const Method& method) {
  for (Edge& edge : edges_) {
    if (edge.method == method.name && edge.callee == method.chainlet) return edge.measures;
  }
  Edge& edge = edges_.emplace_back();
  edge.callee = std::string(method.chainlet);
  edge.method = std::string(method.name);
  return edge.measures;
}

void Deployment::AddEdges(v1::Measurements& measurements) const {
  for (const Edge& edge : edges_) {
    v1::EdgeMeasurement& row = *measurements.add_edges();
    row.set_caller(id_);  // which a gateway says there; the caller is outside
    row.set_callee(edge.callee);
    row.set_method(edge.method);
    row.set_remote(true);
    CodeCounters::Counts codes = {};
    edge.measures.codes().AddTo(codes);
    AddCodes(codes, row);
    row.set_attempts_more(edge.measures.further_attempts());
    TimeCounts took;
    edge.measures.durations().AddTo(took);
    *row.mutable_duration() = ToMessage(took);
    if (&edge != &edges_.front()) continue;
    EdgeCounts counts;
    counters_.AddTo(counts);
    AddPolicies(counts, row);
  }
}

Task<void> Deployment::WakeUp() {
  if (awake()) co_return;
  co_await refusal_;
  woken_ = loop_.Now();
  co_await WithTimeout(starter_->WakeUp(id_), options_.wake_timeout);
}

// Once a sleep: who comes later, while the replicas start, does not ask again. Asking goes on when
// its request has left, so that impatient ones get somewhere.
void Deployment::BeginToWake() {
  waking_.emplace(loop_, Context(), KeepWaking(), [this](const auto&) { waking_.reset(); });
  waking_->Start();
}

Task<void> Deployment::KeepWaking() {
  while (true) {
    const absl::Duration since = loop_.Now() - woken_;
    if (since < options_.wake_again) co_await Sleep(options_.wake_again - since);
    if (waiting_ == 0) co_return;
    woken_ = loop_.Now();
    const auto asked = co_await Outcome(WithTimeout(starter_->WakeUp(id_), options_.wake_timeout));
    not_woken_ = asked.status();
    if (!asked.ok()) co_await Sleep(kAfterAFailure);
    if (!asked.ok()) woken_ = absl::InfinitePast();
  }
}

absl::Status Deployment::Full() const {
  return absl::ResourceExhaustedError(
      Text(Name(), " has no replica yet, and ", waiting_, " requests wait for one already"));
}

absl::Status Deployment::TimedOut(absl::Duration waited) const {
  const std::string so_far =
      not_woken_.ok() ? std::string("it was asleep and is starting; try again soon")
                      : Text("it is asleep, and the platform could not be asked to start it: ",
                             MessageOf(not_woken_));
  return absl::UnavailableError(
      Text(Name(), " had no replica within ",
           absl::FormatDuration(absl::Trunc(waited, absl::Milliseconds(1))), ": ", so_far));
}

Task<void> Deployment::UntilAwake(std::shared_ptr<Deployment> deployment,
                                  absl::FunctionRef<bool()> moved) {
  while (!deployment->awake() && !moved()) {
    co_await deployment->refusal_;
    co_await deployment->changed_.Wait();
  }
}

Task<void> AwaitReplica(std::shared_ptr<Deployment> deployment, Context context,
                        absl::FunctionRef<bool()> moved) {
  if (deployment->awake()) co_return;
  co_await deployment->refusal_;
  if (deployment->waiting_ >= deployment->options_.max_waiting) co_await deployment->Full();
  const absl::Time began = deployment->loop_.Now();
  const Deployment::Stay stay(*deployment);
  const absl::StatusOr<internal::Unit> outcome =
      co_await internal::Within<void>(Deployment::UntilAwake(deployment, moved), context);
  if (absl::IsDeadlineExceeded(outcome.status())) {
    co_await deployment->TimedOut(deployment->loop_.Now() - began);
  }
  co_await outcome.status();
}

}  // namespace chains::gateway
