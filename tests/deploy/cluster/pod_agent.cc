#include "tests/deploy/cluster/pod_agent.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

// Who is refused asks again, later.
constexpr absl::Duration kAttachEvery = absl::Seconds(1);

Context WithToken(const std::string& token) {
  return Context(absl::InfiniteFuture(), "", {{"chains-token", token}});
}

}  // namespace

PodReplica::PodReplica(PodsLink& link, std::string deployment, std::string name, std::string token,
                       std::string pod_uid, const std::string& address)
    : link_(link), token_(std::move(token)), pod_uid_(std::move(pod_uid)) {
  report_.set_deployment(std::move(deployment));
  report_.set_replica(std::move(name));
  report_.set_pid(42);
  report_.set_state(v1::REPLICA_STARTING);
  report_.set_connections(1);
  report_.add_addresses(Text(address, ":7001"));
}

PodReplica::~PodReplica() { Detach(); }

void PodReplica::AddSteps(std::vector<Step>& steps) {
  const bool attached = running_ && !running_->done();
  if (!attached && link_.control != nullptr && link_.clock.Now() >= next_attach_) {
    steps.push_back([this] { Attach(); });
  }
  if (report_.state() == v1::REPLICA_STARTING) {
    steps.push_back([this] {
      report_.set_state(v1::REPLICA_READY);
      Say();
    });
  }
  if (attached && report_.orders_seen() != orders_.version()) {
    steps.push_back([this] {
      report_.set_orders_seen(orders_.version());
      Say();
    });
  }
  if (report_.state() == v1::REPLICA_DRAINING && !ended_) {
    steps.push_back([this] { ended_ = true; });
  }
}

void PodReplica::Drain() {
  report_.set_state(v1::REPLICA_DRAINING);
  Say();
}

void PodReplica::Detach() {
  running_.reset();
  NoteCallable();
}

void PodReplica::Attach() {
  next_attach_ = link_.clock.Now() + kAttachEvery;
  report_.set_orders_seen(0);
  orders_.Clear();
  running_.emplace(link_.clock, Follow(link_.control), WithToken(token_));
  Say();
}

void PodReplica::Say() {
  news_ = true;
  noticed_.Give();
  NoteCallable();
}

void PodReplica::NoteCallable() {
  const bool callable = running_ && !running_->done() && ready();
  if (callable == std::exchange(was_callable_, callable)) return;
  link_.on_callable(report_.replica(), pod_uid_, callable);
}

Stream<v1::ReplicaReport> PodReplica::Reports() {
  while (true) {
    while (!news_) co_await noticed_.Wait();
    news_ = false;
    v1::ReplicaReport report = report_;
    co_yield std::move(report);
  }
}

Task<void> PodReplica::Follow(v1::Control* control) {
  Stream<v1::ReplicaOrders> orders = control->Attach(Reports());
  while (std::optional<v1::ReplicaOrders> next = co_await orders.Next()) {
    orders_ = *std::move(next);
    link_.on_told(orders_);
  }
}

PodAgent::PodAgent(PodsLink& link, const Json& pod) : link_(link), pod_(pod) {
  report_.set_deployment(LabelOf(pod, "chains.dev/deployment"));
  report_.set_place(LabelOf(pod, "chains.dev/place"));
  report_.set_pod(NameOf(pod));
  report_.set_uid(UidOf(pod));
  report_.set_node(StringAt(pod, "/spec/nodeName"));
}
PodAgent::~PodAgent() = default;

void PodAgent::Terminate() {
  report_.set_leaving(true);
  if (replica_ != nullptr) replica_->Drain();
  Say();
}

std::vector<PodAgent::Step> PodAgent::Steps() {
  std::vector<Step> steps;
  if (!attached() && link_.pods != nullptr && link_.clock.Now() >= next_attach_) {
    steps.push_back([this] { Attach(); });
  }
  if (replica_ != nullptr) replica_->AddSteps(steps);
  if (Obey(false)) {
    steps.push_back([this] { Obey(true); });
  }
  return steps;
}

void PodAgent::Attach() {
  next_attach_ = link_.clock.Now() + kAttachEvery;
  ordered_ = false;
  running_.emplace(link_.clock, Follow(link_.pods), WithToken(link_.token_of(pod_)));
  Say();
}

void PodAgent::Detach() {
  running_.reset();
  if (replica_ != nullptr) replica_->Detach();
}

void PodAgent::Say() {
  news_ = true;
  noticed_.Give();
}

void PodAgent::End(bool asked, const std::string& how) {
  v1::ReplicaEnded& ended = *report_.add_ended();
  ended.set_replica(report_.replica());
  ended.set_asked(asked);
  ended.set_how(how);
  report_.clear_replica();
  report_.clear_unit();
  report_.clear_revision();
  report_.clear_pid();
  replica_.reset();
  Say();
}

void PodAgent::Crash(const std::string& how) {
  if (replica_ != nullptr) End(/*asked=*/false, how);
}

bool PodAgent::Obey(bool really) {
  if (replica_ != nullptr && replica_->ended()) {
    if (really) End(/*asked=*/true, "exited with 0");
    return true;
  }
  if (!ordered_) return false;
  const std::string& wanted = orders_.run().replica();
  auto& ended = *report_.mutable_ended();
  const auto is_old = [&wanted](const v1::ReplicaEnded& each) { return each.replica() != wanted; };
  if (std::any_of(ended.begin(), ended.end(), is_old)) {
    if (!really) return true;
    ended.erase(std::remove_if(ended.begin(), ended.end(), is_old), ended.end());
    Say();
    return true;
  }
  if (replica_ != nullptr && report_.replica() != wanted) {
    if (leaving() || report_.doing() == "leaves") return false;
    if (really) {
      report_.set_doing("leaves");
      replica_->Drain();
    }
    return true;
  }
  if (replica_ != nullptr || wanted.empty() || leaving() || !ended.empty()) return false;
  if (!really) return true;
  report_.clear_doing();
  report_.set_replica(wanted);
  report_.set_unit(orders_.run().unit());
  report_.set_revision(orders_.run().revision());
  report_.set_pid(42);
  replica_ = std::make_unique<PodReplica>(link_, report_.deployment(), wanted, link_.token_of(pod_),
                                          report_.uid(), StringAt(pod_, "/status/podIP"));
  Say();
  return true;
}

Stream<v1::PodReport> PodAgent::Reports() {
  while (true) {
    while (!news_) co_await noticed_.Wait();
    news_ = false;
    v1::PodReport report = report_;
    co_yield std::move(report);
  }
}

Task<void> PodAgent::Follow(v1::Pods* pods) {
  Stream<v1::PodOrders> orders = pods->Host(Reports());
  while (std::optional<v1::PodOrders> next = co_await orders.Next()) {
    orders_ = *std::move(next);
    ordered_ = true;
  }
}

}  // namespace chains::deploy
