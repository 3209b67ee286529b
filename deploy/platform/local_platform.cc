#include "deploy/platform/local_platform.h"

#include <future>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "chains/core/root.h"
#include "chains/core/text.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/run_on.h"
#include "chains/grpc/server.h"
#include "chains/v1/control.chains.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/machine.h"
#include "deploy/fleets/local/local_fleet.h"
#include "deploy/logs/last_lines.h"
#include "deploy/logs/log_keeper.h"
#include "deploy/platform/assets.h"
#include "deploy/platform/control_service.h"
#include "deploy/platform/names.h"
#include "deploy/platform/platform_service.h"
#include "deploy/platform/recovery.h"
#include "deploy/platform/sweeping.h"
#include "deploy/state/keys.h"
#include "deploy/state/secrets.h"
#include "deploy/state/sqlite_store.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

constexpr int kCrashLines = 20;

absl::Status MakeHome(const fs::path& home) {
  std::error_code error;
  fs::create_directories(home, error);
  if (!error && ::chmod(home.c_str(), 0700) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Text("cannot use the folder ", home.string(), ": ",
           error ? error.message() : std::system_category().message(errno),
           "; choose another with --home"));
}

// Runs on the loop's thread, and is waited for.
void RunThere(Reactor& reactor, absl::AnyInvocable<void()> work) {
  std::promise<void> done;
  reactor.Post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace

class LocalPlatform::Impl {
 public:
  explicit Impl(Options options)
      : options_(std::move(options)),
        model_(options_.capacity ? *options_.capacity : CapacityOfThisMachine()) {
    model_.open = options_.open;
  }

  ~Impl() {
    if (server_ == nullptr) return;
    if (running_) RunThere(reactor(), [this] { LeaveLoop(); });
    server_->Drain(absl::Now());
    fleet_.reset();       // its thread posts to the reactor
    assets_.reset();      // so do its threads
    controller_.reset();  // its timer is the reactor's
  }

  absl::Status Start() {
    absl::StatusOr<std::string> token =
        options_.gateway_token.empty() ? NewToken() : options_.gateway_token;
    if (!token.ok()) return token.status();
    gateway_token_ = *std::move(token);
    if (absl::Status opened = OpenFiles(); !opened.ok()) return opened;
    if (absl::Status listening = Listen(); !listening.ok()) return listening;
    fleet_ = std::make_unique<LocalFleet>(options_.home / "run", FleetHooks(),
                                          std::move(options_.limits));
    absl::StatusOr<std::vector<FoundReplica>> found = fleet_->Find();
    if (!found.ok()) return found.status();
    absl::Status recovered = Recover(
        model_, {.store = *store_, .blobs = *blobs_, .bundles = Bundles(), .fleet = *fleet_},
        *found, absl::Now());
    if (!recovered.ok()) return recovered;
    RemoveUnneeded(*found);
    Assemble();
    server_->Serve(0, Contract<v1::Control>::Serve(*control_));
    server_->Serve(0, Contract<v1::Platform>::Serve(*service_));
    server_->Start();
    running_ = true;
    RunThere(reactor(), [this] {
      controlling_ = std::make_unique<chains::internal::Root<void>>(
          reactor(), Context(), controller_->Run(), [](const auto&) {});
      controlling_->Start();
    });
    return absl::OkStatus();
  }

  void Stop(absl::Time deadline) {
    if (!std::exchange(running_, false)) return;
    std::future<void> empty = all_gone_.get_future();
    RunThere(reactor(), [this, deadline] {
      controlling_.reset();
      stopping_ = true;
      for (const auto& [id, deployment] : model_.deployments) {
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
    return RunOn(reactor(), [&] { return KeyFor(known); });
  }

  const std::string& address() const { return server_->addresses().front(); }
  std::string listening() const {
    return options_.listen.empty() ? "" : server_->addresses().back();
  }
  const std::string& gateway_token() const { return gateway_token_; }
  void SetGateway(std::string http, std::string grpc) {
    RunThere(reactor(), [&] {
      service_->about().set_gateway(std::move(http));
      service_->about().set_grpc(std::move(grpc));
    });
  }

 private:
  Reactor& reactor() { return server_->reactor(0); }
  std::string Bundles() const { return options_.home / "bundles"; }

  absl::Status OpenFiles() {
    const fs::path& home = options_.home;
    if (absl::Status made = MakeHome(home); !made.ok()) return made;
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(home / "platform.db");
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    absl::StatusOr<std::unique_ptr<BlobStore>> blobs = BlobStore::Open(home / "store");
    if (!blobs.ok()) return blobs.status();
    blobs_ = *std::move(blobs);
    absl::StatusOr<SecretBox> secrets = SecretBox::Load(home / "secret.key");
    if (!secrets.ok()) return secrets.status();
    secrets_.emplace(*std::move(secrets));
    absl::StatusOr<std::unique_ptr<LogKeeper>> logs = LogKeeper::Create({.folder = home / "logs"});
    if (!logs.ok()) return logs.status();
    logs_ = *std::move(logs);
    logs_->Start();
    return absl::OkStatus();
  }

  absl::Status Listen() {
    GrpcServer::Options options;
    options.listen = {Text("unix:", (options_.home / "platform.sock").string())};
    if (!options_.listen.empty()) options.listen.push_back(options_.listen);
    options.contracts = {&Contract<v1::Control>::Info(), &Contract<v1::Platform>::Info()};
    options.replica = "platform";
    absl::StatusOr<std::unique_ptr<GrpcServer>> server =
        GrpcServer::Listen(std::move(options), workers_);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return absl::OkStatus();
  }

  // What cannot be removed now is tried again, and told, when a deployment is deleted.
  void RemoveUnneeded(const std::vector<FoundReplica>& found) {
    Needed needed = NeededBy(model_);
    for (const FoundReplica& leaving : found) needed.folders.insert(leaving.bundle);
    Sweep(*blobs_, Bundles(), needed).IgnoreError();
  }

  void Assemble() {
    assets_ = std::make_unique<Assets>(*blobs_);
    keeper_ = std::make_unique<Keeper>(model_, *store_);
    options_.controller.replicas_attach_at = address();
    Controller::Hooks hooks;
    hooks.folder_of = [this](const std::string& bundle) { return Text(Bundles(), "/", bundle); };
    hooks.secret = [this](const std::string& name) { return Secret(name); };
    controller_ = std::make_unique<Controller>(model_, *keeper_, *fleet_, options_.controller,
                                               std::move(hooks));
    control_ = std::make_unique<ControlService>(model_, gateway_token_);
    v1::AboutResponse about;
    about.set_version(CHAINS_VERSION);
    about.set_fleet(fleet_->kind());
    *about.mutable_machine() = ThisMachine();
    service_ = std::make_unique<PlatformService>(PlatformService::Parts{.model = model_,
                                                                        .keeper = *keeper_,
                                                                        .blobs = *blobs_,
                                                                        .assets = *assets_,
                                                                        .secrets = *secrets_,
                                                                        .logs = *logs_,
                                                                        .bundles = Bundles(),
                                                                        .about = std::move(about)});
  }

  absl::StatusOr<std::string> Secret(const std::string& name) {
    const auto found = model_.secrets.find(name);
    if (found == model_.secrets.end()) {
      return absl::NotFoundError(
          Text("the secret '", name, "' is not set; chains secrets set ", name));
    }
    return secrets_->Open(name, found->second.sealed());
  }

  // What fails here shows where logs are asked for: LogKeeper::problem().
  LocalFleet::Hooks FleetHooks() {
    LocalFleet::Hooks hooks;
    hooks.output_begins = [this](const FoundReplica& replica, const std::string& output) {
      logs_
          ->Follow(output, {.chain = replica.chain,
                            .deployment = replica.deployment,
                            .chainlet = absl::StrJoin(replica.chainlets, "+"),
                            .replica = replica.name})
          .IgnoreError();
    };
    hooks.output_ends = [this](const std::string& output) {
      logs_->Unfollow(output).IgnoreError();
    };
    hooks.last_lines = [](const std::string& output) { return LastLines(output, kCrashLines); };
    hooks.on_exit = [this](ReplicaExit exit) {
      reactor().Post([this, exit = std::move(exit)] { Exited(exit); });
    };
    return hooks;
  }

  // The loop's part of this ends; it runs on without.
  void LeaveLoop() {
    controlling_.reset();
    if (keeper_ != nullptr) keeper_->Close();
  }

  void Exited(const ReplicaExit& exit) {
    if (controller_ == nullptr) return;  // the platform never got so far
    controller_->Exited(exit, reactor().Now());
    if (stopping_) ReportIfEmpty();
  }

  void ReportIfEmpty() {
    for (const auto& [id, deployment] : model_.deployments) {
      if (!deployment->replicas.empty()) return;
    }
    if (!std::exchange(reported_, true)) all_gone_.set_value();
  }

  Task<std::string> KeyFor(std::string known) {
    const Permit changing = co_await keeper_->Begin();
    std::vector<state::KeyRecord> keys;
    for (const auto& [name, each] : model_.keys) keys.push_back(each);
    const std::string shown = Text("Api-Key ", known);
    if (!known.empty() && FindKey(keys, shown, v1::KEY_SCOPE_MANAGE).ok()) co_return known;
    NewApiKey made = co_await NewKey();
    state::KeyRecord record;
    std::string name = "cli";
    for (int i = 2; model_.keys.contains(name); ++i) name = Text("cli-", i);
    record.set_name(name);
    record.set_sha256(made.sha256);
    record.set_prefix(made.prefix);
    record.set_created_unix_ms(absl::ToUnixMillis(absl::Now()));
    record.add_scopes(v1::KEY_SCOPE_MANAGE);
    Store::Change change;
    change.put_keys.push_back(std::move(record));
    co_await keeper_->Keep(std::move(change));
    co_return std::move(made.text);
  }

  Options options_;
  std::string gateway_token_;
  Model model_;
  WorkerPool workers_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Assets> assets_;
  std::optional<SecretBox> secrets_;
  std::unique_ptr<LogKeeper> logs_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<LocalFleet> fleet_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<ControlService> control_;
  std::unique_ptr<PlatformService> service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<chains::internal::Root<void>> controlling_;  // the loop's
  bool running_ = false;                                       // the reactor does
  bool stopping_ = false;                                      // the loop's, as what follows
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
const std::string& LocalPlatform::gateway_token() const { return impl_->gateway_token(); }
void LocalPlatform::SetGateway(std::string http, std::string grpc) {
  impl_->SetGateway(std::move(http), std::move(grpc));
}
absl::StatusOr<std::string> LocalPlatform::EnsureKey(const std::string& known) {
  return impl_->EnsureKey(known);
}
void LocalPlatform::Stop(absl::Time deadline) { impl_->Stop(deadline); }

}  // namespace chains::deploy
