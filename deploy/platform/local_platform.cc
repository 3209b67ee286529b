#include "deploy/platform/local_platform.h"

#include <future>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/run_on.h"
#include "chains/grpc/server.h"
#include "chains/v1/control.chains.h"
#include "deploy/bundle/machine.h"
#include "deploy/fleets/local/local_fleet.h"
#include "deploy/logs/last_lines.h"
#include "deploy/platform/assembly.h"
#include "deploy/platform/ca.h"
#include "deploy/platform/names.h"
#include "deploy/platform/run_there.h"
#include "deploy/state/sqlite_store.h"

namespace chains::deploy {
namespace {

constexpr int kCrashLines = 20;

}  // namespace

class LocalPlatform::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}

  ~Impl() {
    if (server_ == nullptr) return;
    parts_->EndMetrics();
    if (running_) RunThere(reactor(), [this] { LeaveLoop(); });
    server_->Drain(absl::Now());
    fleet_.reset();  // its thread posts to the reactor
    parts_->Close();
  }

  absl::Status Start() {
    absl::StatusOr<std::string> token =
        options_.gateway_token.empty() ? NewToken() : options_.gateway_token;
    if (!token.ok()) return token.status();
    gateway_token_ = *std::move(token);
    if (options_.mtls) {
      // Before its parts, which have it: so the home is made here.
      if (absl::Status made = MakeHome(options_.home); !made.ok()) return made;
      absl::StatusOr<std::shared_ptr<const Authority>> authority =
          LoadAuthority(options_.home / "ca.pem");
      if (!authority.ok()) return authority.status();
      authority_ = *std::move(authority);
    }
    MakeParts();
    if (absl::Status made = parts_->MakeHome(); !made.ok()) return made;
    absl::StatusOr<std::unique_ptr<SqliteStore>> store =
        SqliteStore::Open(options_.home / "platform.db");
    if (!store.ok()) return store.status();
    if (absl::Status opened = parts_->OpenFiles(); !opened.ok()) return opened;
    absl::StatusOr<SecretBox> secrets = SecretBox::Load(options_.home / "secret.key");
    if (!secrets.ok()) return secrets.status();
    if (absl::Status listening = Listen(); !listening.ok()) return listening;
    fleet_ = std::make_unique<LocalFleet>(options_.home / "run", FleetHooks(),
                                          std::move(options_.limits), options_.replica_flags);
    absl::StatusOr<std::vector<FoundReplica>> found = fleet_->Find();
    if (!found.ok()) return found.status();
    absl::Status recovered =
        parts_->Recover(*std::move(store), *std::move(secrets), *fleet_, *found);
    if (!recovered.ok()) return recovered;
    parts_->Serve(*server_);
    server_->Start();
    running_ = true;
    RunThere(reactor(), [this] { parts_->Begin(reactor()); });
    return parts_->BeginMetrics(reactor());
  }

  void Stop(absl::Time deadline) {
    if (!std::exchange(running_, false)) return;
    std::future<void> empty = all_gone_.get_future();
    parts_->EndMetrics();
    RunThere(reactor(), [this, deadline] {
      parts_->Pause();
      stopping_ = true;
      for (const auto& [id, deployment] : parts_->model().deployments) {
        for (auto& [name, replica] : deployment->replicas) {
          replica.draining = true;
          fleet_->Stop(id, name, deadline - absl::Now());
        }
      }
      ReportIfEmpty();
    });
    empty.wait_until(absl::ToChronoTime(deadline + absl::Seconds(2)));
    RunThere(reactor(), [this] { LeaveLoop(); });
    server_->Drain(absl::Now() + absl::Milliseconds(100));
  }

  absl::StatusOr<std::string> EnsureKey(const std::string& known) {
    return RunOn(reactor(), [&] { return parts_->KeyFor(known, "cli"); });
  }

  const std::string& address() const { return server_->addresses().front(); }
  std::string listening() const {
    return options_.listen.empty() ? "" : server_->addresses().back();
  }
  std::string metrics_address() const { return parts_->metrics_address(); }
  const std::string& gateway_token() const { return gateway_token_; }
  void SetGateway(std::string http, std::string grpc) {
    RunThere(reactor(), [&] {
      parts_->service().about().set_gateway(std::move(http));
      parts_->service().about().set_grpc(std::move(grpc));
    });
  }

 private:
  Reactor& reactor() { return server_->reactor(0); }

  void MakeParts() {
    Assembly::Options options;
    options.home = options_.home;
    options.capacity = options_.capacity ? *options_.capacity : CapacityOfThisMachine();
    options.open = options_.open;
    options.gateway_token = gateway_token_;
    options.machine = ThisMachine();
    options.controller = options_.controller;
    options.authority = authority_;
    options.controller.replicas_attach_at = SocketAddress();
    options.controller.mtls = options_.mtls;
    options.tracing = options_.tracing;
    options.metrics = options_.metrics;
    parts_ = std::make_unique<Assembly>(std::move(options));
  }

  std::string SocketAddress() const {
    return Text("unix:", (options_.home / "platform.sock").string());
  }

  absl::Status Listen() {
    GrpcServer::Options options;
    options.listen = {SocketAddress()};
    if (!options_.listen.empty()) options.listen.push_back(options_.listen);
    options.contracts = {&Contract<v1::Control>::Info(), &Contract<v1::Platform>::Info()};
    options.replica = "platform";
    absl::StatusOr<std::unique_ptr<GrpcServer>> server =
        GrpcServer::Listen(std::move(options), workers_);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return absl::OkStatus();
  }

  // What fails here shows where logs are asked for: LogKeeper::problem().
  LocalFleet::Hooks FleetHooks() {
    LocalFleet::Hooks hooks;
    hooks.output_begins = [this](const FoundReplica& replica, const std::string& output) {
      parts_->logs()
          .Follow(output, {.chain = replica.chain,
                           .deployment = replica.deployment,
                           .chainlet = absl::StrJoin(replica.chainlets, "+"),
                           .replica = replica.name})
          .IgnoreError();
    };
    hooks.output_ends = [this](const std::string& output) {
      parts_->logs().Unfollow(output).IgnoreError();
    };
    hooks.last_lines = [](const std::string& output) { return LastLines(output, kCrashLines); };
    hooks.on_exit = [this](ReplicaExit exit) {
      reactor().Post([this, exit = std::move(exit)] { Exited(exit); });
    };
    return hooks;
  }

  // The loop's part of this ends; it runs on without.
  void LeaveLoop() { parts_->End(); }

  void Exited(const ReplicaExit& exit) {
    if (!parts_->recovered()) return;  // the platform never got so far
    parts_->controller().Exited(exit, reactor().Now());
    if (stopping_) ReportIfEmpty();
  }

  void ReportIfEmpty() {
    for (const auto& [id, deployment] : parts_->model().deployments) {
      if (!deployment->replicas.empty()) return;
    }
    if (!std::exchange(reported_, true)) all_gone_.set_value();
  }

  Options options_;
  std::string gateway_token_;
  std::shared_ptr<const Authority> authority_;  // null without mtls
  WorkerPool workers_;
  std::unique_ptr<Assembly> parts_;
  std::unique_ptr<LocalFleet> fleet_;
  std::unique_ptr<GrpcServer> server_;
  bool running_ = false;   // the reactor does
  bool stopping_ = false;  // the loop's, as what follows
  bool reported_ = false;
  std::promise<void> all_gone_;
};

absl::StatusOr<std::unique_ptr<LocalPlatform>> LocalPlatform::Start(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (absl::Status started = impl->Start(); !started.ok()) return started;
  return std::unique_ptr<LocalPlatform>(new LocalPlatform(std::move(impl)));
}

LocalPlatform::LocalPlatform(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalPlatform::~LocalPlatform() = default;

const std::string& LocalPlatform::address() const { return impl_->address(); }
std::string LocalPlatform::listening() const { return impl_->listening(); }
std::string LocalPlatform::metrics_address() const { return impl_->metrics_address(); }
const std::string& LocalPlatform::gateway_token() const { return impl_->gateway_token(); }
void LocalPlatform::SetGateway(std::string http, std::string grpc) {
  impl_->SetGateway(std::move(http), std::move(grpc));
}
absl::StatusOr<std::string> LocalPlatform::EnsureKey(const std::string& known) {
  return impl_->EnsureKey(known);
}
void LocalPlatform::Stop(absl::Time deadline) { impl_->Stop(deadline); }

}  // namespace chains::deploy
