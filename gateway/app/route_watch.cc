#include "gateway/app/route_watch.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains::gateway {
namespace {

using json::Transcoder;

Task<void> UntilNext(Notice& notice) { co_await notice.Wait(); }

}  // namespace

RouteWatch::RouteWatch(Loop& loop, Channel& platform, ElasticChannel::Connect connect,
                       Options options, Gateway& gateway)
    : loop_(loop),
      connect_(std::move(connect)),
      options_(std::move(options)),
      gateway_(gateway),
      telling_(gateway.telling()),
      context_(absl::InfiniteFuture(), internal::TraceId(), {{"chains-token", options_.token}}),
      control_(Contract<v1::Control>::Connect(platform)) {
  telling_.Begin(options_.gateway);
  telling_.WhenMany([this] { TellSoon(); });
}

RouteWatch::~RouteWatch() {
  telling_.WhenMany(nullptr);
  Stop();
}

void RouteWatch::Start() {
  watching_.emplace(loop_, context_, WatchForever(), [this](const auto&) { watching_.reset(); });
  watching_->Start();
}

void RouteWatch::Stop() {
  watching_.reset();
  const absl::Status why = absl::UnavailableError("the gateway stops");
  for (auto& [id, known] : known_) known.deployment->Leave(why);
  known_.clear();
}

Task<void> RouteWatch::WatchForever() {
  for (absl::Duration pause = options_.first_pause;;
       pause = std::min(2 * pause, options_.max_pause)) {
    connected_ = false;
    const absl::StatusOr<internal::Unit> ended = co_await Outcome(WatchOnce());
    problem_ = ended.ok() ? absl::UnavailableError("the platform ended the stream of routes")
                          : ended.status();
    gateway_.routes().Missing(problem_);
    if (connected_) pause = options_.first_pause;
    co_await Sleep(pause);
  }
}

Task<void> RouteWatch::WatchOnce() {
  Stream<v1::RouteTable> tables = control_->WatchRoutes(Seen());
  while (std::optional<v1::RouteTable> table = co_await tables.Next()) {
    co_await Take(*table);
    problem_ = absl::OkStatus();
  }
}

// What is told at once is told in any case: who looks away meanwhile sees that to_tell_ has grown.
Stream<v1::RoutesSeen> RouteWatch::Seen() {
  uint64_t told = to_tell_ - 1;
  bool told_busy = false;
  while (true) {
    while (told == to_tell_ && !telling_.many()) {
      const absl::StatusOr<internal::Unit> sooner =
          co_await Outcome(WithTimeout(UntilNext(told_sooner_), options_.load_period));
      // That there is no request any more is told of too, once.
      const bool is_time = told_busy || AnyBusy() || gateway_.HasToTell() || MeasuresAreDue();
      if (!sooner.ok() && is_time) break;
    }
    told = to_tell_;
    told_busy = AnyBusy();
    v1::RoutesSeen seen = SeenNow();
    co_yield std::move(seen);
  }
}

v1::RoutesSeen RouteWatch::SeenNow() {
  v1::RoutesSeen seen;
  seen.set_gateway(options_.gateway);
  seen.set_version(connected_ ? version_ : 0);
  for (auto& [id, known] : known_) {
    const Deployment& deployment = *known.deployment;
    const Deployment::Answers answers = deployment.answers();
    const Deployment::Answers before = std::exchange(known.told, answers);
    const uint64_t answered = answers.all - before.all;
    if (deployment.waiting() + deployment.in_flight() + answered == 0) continue;
    v1::DeploymentLoad& load = *seen.add_loads();
    load.set_deployment(id);
    load.set_waiting(deployment.waiting());
    load.set_in_flight(deployment.in_flight());
    load.set_answered(answered);
    load.set_failed(answers.failed - before.failed);
  }
  const bool measures = MeasuresAreDue();
  if (measures) measured_ = loop_.Now();
  if (measures || gateway_.HasToTell()) {
    gateway_.TellInto(*seen.mutable_telemetry(), measures, loop_.Now());
  }
  return seen;
}

// The first table says whether it is wanted.
bool RouteWatch::MeasuresAreDue() const {
  return connected_ && measure_every_ > absl::ZeroDuration() &&
         loop_.Now() - measured_ >= measure_every_;
}

bool RouteWatch::AnyBusy() const {
  return std::any_of(known_.begin(), known_.end(), [](const auto& each) {
    const Deployment& deployment = *each.second.deployment;
    return deployment.waiting() + deployment.in_flight() > 0 ||
           deployment.answers().all > each.second.told.all;
  });
}

// A table that cannot be taken changes nothing, ends the stream, and is asked for again.
absl::Status RouteWatch::Take(const v1::RouteTable& table) {
  KnownById next;
  for (const v1::DeploymentRoute& route : table.deployments()) {
    next.emplace(route.deployment(), Learn(route, next));
  }
  absl::StatusOr<std::shared_ptr<const Routes>> routes = RoutesFrom(table, next);
  if (!routes.ok()) {
    return absl::Status(routes.status().code(), Text("the platform's table ", table.version(), ": ",
                                                     MessageOf(routes.status())));
  }
  gateway_.Exchange(*std::move(routes));
  for (const v1::DeploymentRoute& route : table.deployments()) {
    next.at(route.deployment()).deployment->Update(route);
  }
  known_.swap(next);
  LeaveOthers(next);
  version_ = table.version();
  measure_every_ = absl::Milliseconds(table.measure_every_ms());
  telling_.sampling().Update(table.tracing());
  connected_ = true;
  TellSoon();
  return absl::OkStatus();
}

bool RouteWatch::IsFor(const Known& known, const v1::DeploymentRoute& route) const {
  return known.contract == route.contract() &&
         (options_.connect_to == nullptr || known.entrypoint == route.entrypoint());
}

// Another contract is another deployment: what was written for the old one does not go to replicas
// of the new.
RouteWatch::Known RouteWatch::Learn(const v1::DeploymentRoute& route, const KnownById& next) {
  const auto found = known_.find(route.deployment());
  Known known;
  if (found != known_.end() && IsFor(found->second, route)) known = found->second;
  if (known.deployment == nullptr) {
    Deployment::Starter& starter = *this;
    known.contract = route.contract();
    known.entrypoint = route.entrypoint();
    known.deployment = std::make_shared<Deployment>(
        loop_, route.chain(), route.deployment(),
        options_.connect_to == nullptr ? connect_
                                       : options_.connect_to(route.chain(), route.entrypoint()),
        starter, options_.deployment);
  }
  if (known.transcoder == nullptr) LearnContract(route, next, known);
  return known;
}

void RouteWatch::LearnContract(const v1::DeploymentRoute& route, const KnownById& next,
                               Known& known) {
  known.transcoder = TranscoderOf(known.contract, route.entrypoint(), next);
  known.problem = absl::OkStatus();
  if (known.transcoder != nullptr) return;
  absl::StatusOr<std::unique_ptr<const Transcoder>> transcoder =
      Transcoder::Create(route.descriptors(), route.entrypoint());
  if (transcoder.ok()) {
    known.transcoder = *std::move(transcoder);
  } else {
    known.problem = absl::UnavailableError(Text("the contract of the deployment ",
                                                route.deployment(), " of ", route.chain(),
                                                " is not known: ", MessageOf(transcoder.status())));
  }
}

// Deployments may have a contract in common, which then may have come with another one.
std::shared_ptr<const Transcoder> RouteWatch::TranscoderOf(const std::string& contract,
                                                           const std::string& entrypoint,
                                                           const KnownById& next) const {
  if (contract.empty()) return nullptr;
  for (const KnownById* each : {&next, &known_}) {
    for (const auto& [id, known] : *each) {
      const bool is_it = known.contract == contract && known.transcoder != nullptr &&
                         known.transcoder->service().full_name() == entrypoint;
      if (is_it) return known.transcoder;
    }
  }
  return nullptr;
}

void RouteWatch::LeaveOthers(const KnownById& before) {
  for (const auto& [id, old] : before) {
    const auto now = known_.find(id);
    if (now != known_.end() && now->second.deployment == old.deployment) continue;
    const std::string_view what = now == known_.end()
                                      ? " was deleted"
                                      : ": its contract changed while the request waited for a "
                                        "replica; send it again";
    old.deployment->Leave(
        absl::UnavailableError(Text("the deployment ", id, " of ", old.deployment->chain(), what)));
  }
}

absl::StatusOr<std::shared_ptr<const Routes>> RouteWatch::RoutesFrom(const v1::RouteTable& table,
                                                                     const KnownById& known) {
  std::vector<std::shared_ptr<Target>> targets;
  const auto add = [&](Route route, const Known& of) {
    targets.push_back(Target::Of(std::move(route), of.deployment, of.transcoder, of.problem));
  };
  for (const v1::DeploymentRoute& each : table.deployments()) {
    add({.chain = each.chain(), .kind = Route::Kind::kDeployment, .name = each.deployment()},
        known.at(each.deployment()));
  }
  for (const v1::EnvironmentRoute& each : table.environments()) {
    const auto found = known.find(each.deployment());
    if (found == known.end()) {
      return absl::InvalidArgumentError(Text("the environment ", each.environment(), " of ",
                                             each.chain(), " points at ", each.deployment(),
                                             ", which is no deployment"));
    }
    add({.chain = each.chain(), .kind = Route::Kind::kEnvironment, .name = each.environment()},
        found->second);
    const auto canary = known.find(each.canary());
    if (canary == known.end()) continue;
    Route route{.chain = each.chain(), .kind = Route::Kind::kDeployment, .name = each.canary()};
    const Known& of = canary->second;
    targets.back()->Divide(Target::Of(std::move(route), of.deployment, of.transcoder, of.problem),
                           each.canary_percent() / 100);
  }
  if (table.open()) return Routes::Create(std::move(targets), std::nullopt);
  absl::StatusOr<ApiKeys> keys = ApiKeys::From(table.keys());
  if (!keys.ok()) return keys.status();
  return Routes::Create(std::move(targets), *std::move(keys));
}

Task<void> RouteWatch::WakeUp(std::string deployment) {
  v1::WakeUpRequest request;
  request.set_deployment(deployment);
  const absl::StatusOr<v1::WakeUpResponse> response =
      co_await internal::Within<v1::WakeUpResponse>(control_->WakeUp(std::move(request)), context_);
  co_await response.status();
}

void RouteWatch::WaitingBegan() { TellSoon(); }

void RouteWatch::TellSoon() {
  ++to_tell_;
  told_sooner_.Give();
}

}  // namespace chains::gateway
