#include "deploy/platform/cluster_platform.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "chains/core/root.h"
#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/run_on.h"
#include "chains/grpc/server.h"
#include "chains/v1/control.chains.h"
#include "chains/v1/pods.chains.h"
#include "deploy/apiserver/api_client.h"
#include "deploy/bundle/machine.h"
#include "deploy/fleets/kubernetes/external_scaler.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet.h"
#include "deploy/platform/assembly.h"
#include "deploy/platform/bundle_service.h"
#include "deploy/platform/ca.h"
#include "deploy/platform/cluster_secrets.h"
#include "deploy/platform/leading.h"
#include "deploy/platform/names.h"
#include "deploy/platform/output_files.h"
#include "deploy/platform/own_identity.h"
#include "deploy/platform/run_there.h"
#include "deploy/state/keys.h"
#include "deploy/state/kubernetes_store.h"
#include "deploy/state/secrets.h"

namespace chains::deploy {
namespace {

// Of what is asked once, at the start.
constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr absl::Duration kLastWords = absl::Milliseconds(500);

// Who is refused for good must not go on as if nothing had happened.
class FencedStore final : public Store {
 public:
  FencedStore(std::unique_ptr<Store> store, std::function<void(const absl::Status&)> on_lost)
      : store_(std::move(store)), on_lost_(std::move(on_lost)) {}

  absl::StatusOr<Contents> Load() override { return store_->Load(); }
  absl::Status Apply(const Change& change) override {
    const absl::Status applied = store_->Apply(change);
    if (absl::IsAborted(applied)) on_lost_(applied);
    return applied;
  }

 private:
  const std::unique_ptr<Store> store_;
  const std::function<void(const absl::Status&)> on_lost_;
};

class OwnSecrets {
 public:
  std::string gateway_token, admin_key, secret_key;
};

// The authority, and whom gateways are to trust.
Task<std::shared_ptr<const Authority>> EnsureAuthority(ApiClient* api, std::string in_namespace) {
  Authority fresh = co_await Authority::New(kTrustDomain, absl::Now());
  SecretField key(in_namespace, "chains-authority", "ca.pem");
  std::string pem = co_await EnsureSecret(*api, std::move(key), fresh.ToPem());
  Authority authority = co_await Authority::FromPem(std::move(pem));
  SecretField roots(in_namespace, "chains-roots", "roots.pem");
  std::string told = co_await EnsureSecret(*api, std::move(roots), authority.roots());
  if (told != authority.roots()) {
    co_return absl::FailedPreconditionError(
        Text("the Secret ", in_namespace,
             "/chains-roots is not that of chains-authority: remove "
             "it for a new one, and restart the gateways"));
  }
  co_return std::make_shared<const Authority>(std::move(authority));
}

Task<OwnSecrets> EnsureSecrets(ApiClient* api, std::string in_namespace) {
  std::string token = co_await NewToken();
  NewApiKey admin = co_await NewKey();
  std::string key = co_await SecretBox::NewKey();
  OwnSecrets own;
  SecretField gateway(in_namespace, "chains-gateway-token", "token");
  own.gateway_token = co_await EnsureSecret(*api, std::move(gateway), std::move(token));
  SecretField admins(in_namespace, "chains-admin-key", "key");
  own.admin_key = co_await EnsureSecret(*api, std::move(admins), std::move(admin.text));
  SecretField sealing(in_namespace, "chains-secret-key", "key");
  own.secret_key = co_await EnsureSecret(*api, std::move(sealing), std::move(key));
  co_return own;
}

}  // namespace

class ClusterPlatform::Impl {
 public:
  Impl(Transport& transport, Options options)
      : options_(std::move(options)), api_(transport, {.field_manager = "chains-platform"}) {
    Leadership::Options leadership = options_.leadership;
    leadership.in_namespace = options_.settings.in_namespace;
    leadership.identity = options_.identity;
    leading_.emplace(api_, std::move(leadership), options_.on_lost);
  }

  ~Impl() { Stop(); }

  absl::Status Start() {
    const std::lock_guard lock(mutex_);
    if (stopped_) return absl::CancelledError("the platform is ending");
    if (absl::Status listening = ListenForHealth(); !listening.ok()) return listening;
    if (absl::Status leads = leading_->Await(); !leads.ok()) return leads;
    absl::StatusOr<OwnSecrets> own = Ask(EnsureSecrets(&api_, options_.settings.in_namespace));
    if (!own.ok()) return own.status();
    if (options_.settings.mtls) {
      if (absl::Status named = BecomeAuthority(); !named.ok()) return named;
    }
    absl::Status recovered = TakeUp(*own);
    if (!recovered.ok()) return recovered;
    if (absl::Status serving = Serve(own->gateway_token); !serving.ok()) return serving;
    const std::string& admin = own->admin_key;
    absl::Status admitted =
        RunOn(reactor(), [&] { return parts_->AdmitKey(admin, "admin"); }).status();
    if (!admitted.ok()) return admitted;
    if (absl::Status told = parts_->BeginMetrics(reactor()); !told.ok()) return told;
    health_->SetServing(true);
    return absl::OkStatus();
  }

  void Stop() {
    if (stopped_.exchange(true)) return;
    leading_->Stop();  // Start() may wait for it
    const std::lock_guard lock(mutex_);
    if (health_ != nullptr) health_->SetServing(false);
    if (parts_ != nullptr) parts_->EndMetrics();
    if (running_) RunThere(reactor(), [this] { LeaveLoop(); });
    running_ = false;
    leading_.reset();
    if (server_ != nullptr) server_->Drain(absl::Now() + kLastWords);
    if (parts_ != nullptr) parts_->Close();
    fleet_.reset();
    if (health_ != nullptr) health_->Drain(absl::Now());
    health_.reset();
  }

  const std::string& address() const { return server_->addresses().front(); }
  const std::string& health_address() const { return health_->addresses().front(); }

 private:
  Reactor& reactor() { return server_->reactor(0); }

  template <typename T>
  absl::StatusOr<chains::internal::Stored<T>> Ask(Task<T> task) {
    LocalLoop loop(workers_);
    return Wait(std::move(task), loop, Context(loop.Now() + kPatience, "", {}));
  }

  absl::Status ListenForHealth() {
    GrpcServer::Options options;
    options.listen = {options_.health_listen};
    options.replica = "platform";
    absl::StatusOr<std::unique_ptr<GrpcServer>> health =
        GrpcServer::Listen(std::move(options), workers_);
    if (!health.ok()) return health.status();
    health_ = *std::move(health);
    health_->Start();
    health_->SetServing(false);
    return absl::OkStatus();
  }

  absl::Status BecomeAuthority() {
    absl::StatusOr<std::shared_ptr<const Authority>> authority =
        Ask(EnsureAuthority(&api_, options_.settings.in_namespace));
    if (!authority.ok()) return authority.status();
    authority_ = *std::move(authority);
    absl::StatusOr<std::shared_ptr<const Identity>> identity =
        MakeOwnIdentity(*authority_, IdentityFolder());
    if (!identity.ok()) return identity.status();
    identity_ = *std::move(identity);
    return absl::OkStatus();
  }
  std::string IdentityFolder() const { return (options_.home / "identity").string(); }

  // What there is: records, files, pods.
  absl::Status TakeUp(const OwnSecrets& own) {
    Assembly::Options options;
    options.home = options_.home;
    options.open = options_.open;
    options.gateway_token = own.gateway_token;
    options.machine = MachineOfImages();
    options.tracing = options_.tracing;
    options.metrics = options_.metrics;
    options.objects = options_.objects;
    options.controller = options_.controller;
    options.controller.replicas_attach_at = options_.settings.platform;
    options.controller.mtls = options_.settings.mtls;
    options.authority = authority_;
    parts_ = std::make_unique<Assembly>(std::move(options));
    if (absl::Status made = parts_->MakeHome(); !made.ok()) return made;
    if (absl::Status opened = parts_->OpenFiles(); !opened.ok()) return opened;
    const std::string& in_namespace = options_.settings.in_namespace;
    absl::StatusOr<SecretBox> secrets =
        SecretBox::FromKey(Text("the Secret ", in_namespace, "/chains-secret-key"), own.secret_key);
    if (!secrets.ok()) return secrets.status();
    KubernetesStore::Options in;
    in.in_namespace = in_namespace;
    auto store = std::make_unique<FencedStore>(
        std::make_unique<KubernetesStore>(api_, std::move(in)), options_.on_lost);
    ClusterSettings settings = options_.settings;
    if (authority_ != nullptr) settings.roots = authority_->roots();
    fleet_ = std::make_unique<KubernetesFleet>(api_, std::move(settings), FleetHooks());
    absl::StatusOr<std::vector<FoundReplica>> found = Ask(fleet_->Find());
    if (!found.ok()) return found.status();
    outputs_ = std::make_unique<OutputFiles>(options_.home / "run", parts_->logs(), *found);
    return parts_->Recover(std::move(store), *std::move(secrets), *fleet_, *found);
  }

  KubernetesFleet::Hooks FleetHooks() {
    KubernetesFleet::Hooks hooks;
    hooks.on_exit = [this](const ReplicaExit& exit) {
      outputs_->End(exit.deployment, exit.name);
      parts_->controller().Exited(exit, reactor().Now());
    };
    hooks.on_reachable = [this](const std::string& deployment, const std::string& name,
                                bool reachable) {
      parts_->controller().Reachable(deployment, name, reachable, reactor().Now());
    };
    hooks.on_scaled = [this](const std::string& deployment,
                             const std::vector<std::string>& chainlets,
                             std::optional<int> replicas) {
      parts_->controller().Scaled(deployment, chainlets, replicas, reactor().Now());
    };
    hooks.on_placed = [this](const std::string& deployment) {
      parts_->controller().Placed(deployment, reactor().Now());
    };
    hooks.on_output = [this](const FoundReplica& replica, std::string_view data) {
      outputs_->Append(replica, data);
    };
    return hooks;
  }

  absl::StatusOr<int> WantedOf(const std::string& id, const std::vector<std::string>& chainlets) {
    const Deployment* const deployment = parts_->model().Find(id);
    if (deployment == nullptr) return absl::NotFoundError(Text("there is no deployment ", id));
    int most = -1;
    for (const std::string& chainlet : chainlets) {
      const auto found = deployment->scalers.find(chainlet);
      if (found != deployment->scalers.end()) {
        most = std::max(most, found->second.autoscaler.wanted());
      }
    }
    if (most < 0) return absl::NotFoundError(Text(id, " has no such chainlets"));
    return deployment->active() ? most : 0;
  }

  absl::Status Serve(const std::string& gateway_token) {
    bundles_ = std::make_unique<BundleService>(parts_->model(), parts_->blobs(), gateway_token);
    scaler_ = std::make_unique<ExternalScaler>(
        parts_->model().changed(),
        [this](const std::string& deployment, const std::vector<std::string>& chainlets) {
          return WantedOf(deployment, chainlets);
        });
    GrpcServer::Options options;
    options.listen = {options_.listen};
    // Who comes without a certificate has a token, or a key.
    if (identity_ != nullptr) {
      options.credentials = identity_->ForServer(Identity::Callers::kOptional);
    }
    if (!options_.tunnel_listen.empty()) options.listen_plainly = {options_.tunnel_listen};
    options.contracts = {&Contract<v1::Control>::Info(), &Contract<v1::Platform>::Info(),
                         &Contract<v1::Pods>::Info(), &Contract<v1::Bundles>::Info(),
                         &Contract<externalscaler::ExternalScaler>::Info()};
    options.replica = "platform";
    absl::StatusOr<std::unique_ptr<GrpcServer>> server =
        GrpcServer::Listen(std::move(options), workers_);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    parts_->Serve(*server_);
    server_->Serve(0, Contract<v1::Pods>::Serve(fleet_->pods()));
    server_->Serve(0, Contract<v1::Bundles>::Serve(*bundles_));
    server_->Serve(0, Contract<externalscaler::ExternalScaler>::Serve(*scaler_));
    server_->Start();
    running_ = true;
    RunThere(reactor(), [this] {
      std::vector<std::string> known;
      for (const auto& [id, deployment] : parts_->model().deployments) known.push_back(id);
      fleet_->RemoveUnknown(known);
      fleet_running_ = std::make_unique<chains::internal::Root<void>>(
          reactor(), Context(), fleet_->Run(), [](const auto&) {});
      fleet_running_->Start();
      if (authority_ != nullptr) {
        keeping_ = std::make_unique<chains::internal::Root<void>>(
            reactor(), Context(), KeepOwnIdentity(authority_, IdentityFolder()),
            [](const auto&) {});
        keeping_->Start();
      }
      parts_->Begin(reactor());
    });
    return absl::OkStatus();
  }

  void LeaveLoop() {
    parts_->End();
    fleet_running_.reset();
    keeping_.reset();
  }

  const Options options_;
  ApiClient api_;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;  // of Start() and Stop()
  WorkerPool workers_;
  std::shared_ptr<const Authority> authority_;  // null without mtls, as is identity_
  std::shared_ptr<const Identity> identity_;
  std::unique_ptr<Assembly> parts_;
  std::unique_ptr<OutputFiles> outputs_;
  std::unique_ptr<KubernetesFleet> fleet_;
  std::unique_ptr<BundleService> bundles_;
  std::unique_ptr<ExternalScaler> scaler_;
  std::unique_ptr<GrpcServer> health_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<chains::internal::Root<void>> fleet_running_;  // the loop's, as is keeping_
  std::unique_ptr<chains::internal::Root<void>> keeping_;
  bool running_ = false;  // the loop is
  std::optional<Leading> leading_;
};

ClusterPlatform::ClusterPlatform(Transport& transport, Options options)
    : impl_(std::make_unique<Impl>(transport, std::move(options))) {}
ClusterPlatform::~ClusterPlatform() = default;

absl::Status ClusterPlatform::Start() { return impl_->Start(); }
void ClusterPlatform::Stop() { impl_->Stop(); }
const std::string& ClusterPlatform::address() const { return impl_->address(); }
const std::string& ClusterPlatform::health_address() const { return impl_->health_address(); }

}  // namespace chains::deploy
