// FakePlatform: a platform that a test plays: it tells routes, and hears what gateways say.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/task.h"
#include "chains/v1/control.chains.h"

namespace chains::gateway {

// For its loop's thread.
class FakePlatform final : public v1::Control {
 public:
  explicit FakePlatform(Loop& loop) : loop_(loop) {}

  // To the gateway that watches, or to the next one that does.
  void Tell(v1::RouteTable table) {
    table_ = std::move(table);
    ++tables_;
    changed_.Give();
  }
  // Cuts streams and answers nobody, until it is back.
  void GoAway() {
    away_ = true;
    changed_.Give();
  }
  void ComeBack() { away_ = false; }

  Stream<v1::ReplicaOrders> Attach(Stream<v1::ReplicaReport>) override {
    co_await absl::UnimplementedError("no replica attaches here");
  }

  Stream<v1::RouteTable> WatchRoutes(Stream<v1::RoutesSeen> requests) override {
    ++streams;
    const Context context = co_await CurrentContext();
    token = std::string(context.Header("chains-token").value_or(""));
    if (away_) co_await absl::UnavailableError("the platform is away");
    internal::Root<void> hearing(loop_, context, Hear(std::move(requests)), [](const auto&) {});
    hearing.Start();
    int told = 0;
    while (true) {
      while (told == tables_ && !away_) co_await changed_.Wait();
      if (away_) co_await absl::UnavailableError("the platform goes away");
      told = tables_;
      co_yield table_;
    }
  }

  Task<v1::CertifyResponse> Certify(v1::CertifyRequest) override {
    co_return absl::FailedPreconditionError("there are no certificates here");
  }
  Task<v1::WakeUpResponse> WakeUp(v1::WakeUpRequest request) override {
    if (away_) co_await absl::UnavailableError("the platform is away");
    const Context context = co_await CurrentContext();
    token = std::string(context.Header("chains-token").value_or(""));
    woken.push_back(request.deployment());
    co_return v1::WakeUpResponse();
  }

  std::vector<v1::RoutesSeen> seen;
  std::vector<std::string> woken;
  std::string token;  // of the last call
  int streams = 0;

 private:
  Task<void> Hear(Stream<v1::RoutesSeen> requests) {
    while (std::optional<v1::RoutesSeen> request = co_await requests.Next()) {
      seen.push_back(*request);
    }
  }

  Loop& loop_;
  v1::RouteTable table_;
  int tables_ = 0;
  bool away_ = false;
  Notice changed_;
};

// Builds a table: TableOf(3).With("v1", "hello", {"a"}).Points("hello", "production", "v1").
class TableOf {
 public:
  TableOf(uint64_t version, std::string entrypoint, google::protobuf::FileDescriptorSet files)
      : entrypoint_(std::move(entrypoint)), files_(std::move(files)) {
    table_.set_version(version);
    table_.set_open(true);
  }
  TableOf& With(const std::string& deployment, const std::string& chain,
                const std::vector<std::string>& replicas) {
    v1::DeploymentRoute& route = *table_.add_deployments();
    route.set_deployment(deployment);
    route.set_chain(chain);
    route.set_entrypoint(entrypoint_);
    route.set_contract("first");
    *route.mutable_descriptors() = files_;
    route.set_active(true);
    for (const std::string& address : replicas) {
      v1::Endpoint& replica = *route.add_replicas();
      replica.set_address(address);
      replica.set_connections(1);
    }
    return *this;
  }
  // The last deployment is not active.
  TableOf& Inactive(const std::string& problem) {
    last().set_active(false);
    last().set_problem(problem);
    return *this;
  }
  // The last deployment's contract is another one.
  TableOf& Contract(const std::string& digest) {
    last().set_contract(digest);
    return *this;
  }
  TableOf& WithoutDescriptors() {
    last().clear_descriptors();
    return *this;
  }
  TableOf& Points(const std::string& chain, const std::string& environment,
                  const std::string& deployment) {
    v1::EnvironmentRoute& route = *table_.add_environments();
    route.set_chain(chain);
    route.set_environment(environment);
    route.set_deployment(deployment);
    return *this;
  }
  // The last environment gives another deployment a share.
  TableOf& Shares(const std::string& canary, double percent) {
    v1::EnvironmentRoute& route = *table_.mutable_environments(table_.environments_size() - 1);
    route.set_canary(canary);
    route.set_canary_percent(percent);
    return *this;
  }
  // From now on a key is wanted.
  TableOf& Key(const std::string& sha256, bool invoke) {
    table_.set_open(false);
    v1::KnownKey& key = *table_.add_keys();
    key.set_sha256(sha256);
    key.set_invoke(invoke);
    key.set_manage(true);
    return *this;
  }
  operator v1::RouteTable() const { return table_; }  // NOLINT

 private:
  v1::DeploymentRoute& last() { return *table_.mutable_deployments(table_.deployments_size() - 1); }

  const std::string entrypoint_;
  const google::protobuf::FileDescriptorSet files_;
  v1::RouteTable table_;
};

}  // namespace chains::gateway
