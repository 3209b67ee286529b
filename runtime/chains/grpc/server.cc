#include "chains/grpc/server.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "chains/grpc/listener.h"
#include "chains/grpc/process.h"

namespace chains {

using internal::Lane;
using internal::Listener;

namespace {
// How long a drain waits for calls to end before connections are told to go.
constexpr absl::Duration kSettle = absl::Seconds(1);
}  // namespace

GrpcServer::GrpcServer(Options options) : options_(std::move(options)) {}

GrpcServer::~GrpcServer() { Drain(absl::InfinitePast()); }

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Listen(Options options,
                                                               WorkerPool& workers) {
  if (options.listen.empty()) {
    return absl::InvalidArgumentError("GrpcServer::Options::listen is empty");
  }
  std::unique_ptr<GrpcServer> server(new GrpcServer(std::move(options)));
  absl::Status bound = server->Bind(workers);
  if (!bound.ok()) return bound;
  return server;
}

absl::Status GrpcServer::Bind(WorkerPool& workers) {
  Lane::Options lane;
  lane.replica = options_.replica;
  lane.max_calls = options_.max_calls;
  lane.on_failure = options_.on_failure;
  lane.authorization = options_.authorization;
  lane.in_flight = [this] { return in_flight(); };
  lane.spans = options_.spans;
  lane.traced_times = options_.traced_times;
  lane.carriers = options_.carriers && !options_.contracts.empty();
  if (options_.reactors > 1 || !options_.health_listen.empty()) KeepReactorsApart();
  std::vector<Listener::Place> places;
  for (const std::string& address : options_.listen) {
    places.push_back({.address = address, .credentials = options_.credentials});
  }
  for (const std::string& address : options_.listen_plainly) {
    places.push_back({.address = address, .credentials = nullptr});
  }
  absl::StatusOr<std::unique_ptr<Listener>> listener = Listener::Listen(
      places, options_.contracts, options_.reactors, lane, workers, options_.max_connection_age);
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  addresses_ = listener_->addresses();
  for (const std::unique_ptr<Lane>& each : listener_->lanes()) lanes_.push_back(each.get());
  if (options_.health_listen.empty()) return absl::OkStatus();
  lane.authorization = nullptr;
  lane.carriers = false;
  places = {{.address = options_.health_listen, .credentials = nullptr}};
  listener = Listener::Listen(places, {}, 1, lane, workers);
  if (!listener.ok()) return listener.status();
  health_listener_ = *std::move(listener);
  health_address_ = health_listener_->addresses().front();
  return absl::OkStatus();
}

Reactor& GrpcServer::reactor(size_t i) { return lanes_[i]->reactor(); }

void GrpcServer::Serve(size_t reactor, Service service) {
  for (const auto& [path, handler] : service.handlers()) {
    if (internal::IsHousekeeping(path)) continue;
    for (Lane* lane : lanes_) lane->health().Add(handler.method->chainlet);
    if (health_listener_) {
      health_listener_->lanes().front()->health().Add(handler.method->chainlet);
    }
  }
  lanes_[reactor]->service().Merge(std::move(service));
}

void GrpcServer::SetFallback(size_t reactor, Fallback fallback) {
  lanes_[reactor]->SetFallback(std::move(fallback));
}

void GrpcServer::Start() {
  if (std::exchange(started_, true)) return;
  listener_->Start();
  if (health_listener_) health_listener_->Start();
}

void GrpcServer::SetServing(std::string_view contract, bool serving) {
  auto set = [&](Lane& lane) {
    lane.reactor().Post([&health = lane.health(), name = std::string(contract), serving] {
      health.Set(name, serving);
    });
  };
  for (Lane* lane : lanes_) set(*lane);
  if (health_listener_) set(*health_listener_->lanes().front());
}

void GrpcServer::Refuse(absl::Status why) {
  for (Lane* lane : lanes_) {
    lane->reactor().Post([lane, why] { lane->Refuse(why); });
  }
}

// A connection that was told to go is closed with its last answer. Where its caller has just sent
// something that nobody read any more, the kernel resets the connection instead, and on a busy
// machine a reset overtakes answers (8 in 150 drains of 200 calls each lost some). On a connection
// without calls the caller first says that it has read everything.
void GrpcServer::AwaitRest(absl::Time until) const {
  constexpr std::chrono::milliseconds kBetweenLooks(2);
  while (in_flight() > 0 && absl::Now() < until) std::this_thread::sleep_for(kBetweenLooks);
}

void GrpcServer::Drain(absl::Time deadline) {
  if (std::exchange(drained_, true) || listener_ == nullptr) return;
  SetServing(false);
  if (started_) {
    std::this_thread::sleep_until(
        absl::ToChronoTime(std::min(absl::Now() + options_.lame_duck, deadline)));
  }
  AwaitRest(std::min(deadline, absl::Now() + kSettle));
  listener_->End(deadline);
  if (health_listener_) health_listener_->End(absl::InfinitePast());
}

size_t GrpcServer::in_flight() const {
  size_t calls = 0;
  for (Lane* lane : lanes_) calls += lane->in_flight();
  return calls;
}

}  // namespace chains
