// Assembly: what every platform is made of, around a store, a fleet and a server that differ.
//
//   Assembly parts({.home = home, .gateway_token = token});
//   absl::Status status = parts.MakeHome();
//   status = parts.OpenFiles();
//   status = parts.Recover(std::move(store), std::move(secrets), fleet, found);
//   parts.Serve(*server);               // chains.v1.Platform and chains.v1.Control
//   …on the loop: parts.Begin(loop); … parts.End();
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/core/root.h"
#include "chains/grpc/authority.h"
#include "chains/grpc/server.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/object_store.h"
#include "deploy/fleets/fleet.h"
#include "deploy/logs/log_keeper.h"
#include "deploy/platform/assets.h"
#include "deploy/platform/audit_log.h"
#include "deploy/platform/audited_platform.h"
#include "deploy/platform/control_service.h"
#include "deploy/platform/controller.h"
#include "deploy/platform/keeper.h"
#include "deploy/platform/model.h"
#include "deploy/platform/platform_metrics.h"
#include "deploy/platform/platform_service.h"
#include "deploy/platform/tracing_options.h"
#include "deploy/state/secrets.h"
#include "deploy/state/store.h"
#include "deploy/telemetry/observatory.h"
#include "deploy/telemetry/otlp_exporter.h"

namespace chains::deploy {

// Makes a platform's folder, for this user alone. FAILED_PRECONDITION: it cannot be used.
absl::Status MakeHome(const std::filesystem::path& home);

// For one thread, until a loop has it: Begin() to End().
class Assembly {
 public:
  struct Options {
    std::filesystem::path home;  // store/, bundles/, logs/ and audit.jsonl are in it
    Capacity capacity = {};      // of this machine; for a fleet that does not schedule
    bool open = false;           // nobody is asked for a key
    std::string gateway_token;   // with which gateways come
    v1::Machine machine;         // that bundles have to fit
    // What is kept behind the files in `home`, for platforms elsewhere; null: nothing.
    std::shared_ptr<ObjectStore> objects = nullptr;
    // Makes certificates for replicas and gateways (mTLS); null: there are none.
    std::shared_ptr<const Authority> authority = nullptr;
    Controller::Options controller = {};
    TracingOptions tracing = {};
    std::string metrics = "";  // HOST:PORT where Prometheus is answered; empty: nowhere
  };
  explicit Assembly(Options options);
  ~Assembly();
  Assembly(const Assembly&) = delete;

  // Makes `home`. FAILED_PRECONDITION: it cannot be used.
  absl::Status MakeHome();
  // After MakeHome(). FAILED_PRECONDITION: another platform has the folder.
  absl::Status OpenFiles();
  // Takes up what an earlier platform left, and makes all that is made of it; once, after
  // OpenFiles(). `fleet` outlives Close().
  absl::Status Recover(std::unique_ptr<Store> store, SecretBox secrets, Fleet& fleet,
                       const std::vector<FoundReplica>& found);
  // After Recover(), before the server starts.
  void Serve(GrpcServer& server);

  // Answers Prometheus, where Options say so; after Recover(), while the reactor runs, on another
  // thread. Until EndMetrics(), which comes before End(), on such a thread as well.
  absl::Status BeginMetrics(Reactor& reactor);
  void EndMetrics() { metrics_.reset(); }
  // Where that is; empty: nowhere.
  std::string metrics_address() const { return metrics_ == nullptr ? "" : metrics_->address(); }

  // On the loop: the controller begins, and all ends that changes anything.
  void Begin(Loop& loop);
  void Pause();  // the controller starts and stops nothing more
  void End();
  // Before the loop is destroyed.
  void Close();

  // A key with all rights: `known` where it is one, else a new one, called `name` or like it. On
  // the loop.
  Task<std::string> KeyFor(std::string known, std::string name);
  // Lets a key with all rights in, whose text is `known`; what it was called before goes. On the
  // loop.
  Task<void> AdmitKey(std::string known, std::string name);

  bool recovered() const { return controller_ != nullptr; }
  Model& model() { return model_; }
  Controller& controller() { return *controller_; }
  PlatformService& service() { return *service_; }
  BlobStore& blobs() { return *blobs_; }
  LogKeeper& logs() { return *logs_; }

 private:
  std::string Bundles() const { return options_.home / "bundles"; }
  void MakeObservatory();
  void RemoveUnneeded(const std::vector<FoundReplica>& found);
  absl::StatusOr<std::string> Secret(const std::string& name);
  std::string WhoseKey(std::optional<std::string_view> authorization) const;

  const Options options_;
  Model model_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Assets> assets_;
  std::optional<SecretBox> secrets_;
  std::unique_ptr<LogKeeper> logs_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<OtlpExporter> exporter_;  // null: no collector
  std::unique_ptr<Observatory> observatory_;
  std::unique_ptr<ControlService> control_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<PlatformService> service_;
  std::unique_ptr<AuditedPlatform> audited_;                   // service_, as it is served
  std::unique_ptr<chains::internal::Root<void>> controlling_;  // the loop's, like the next
  std::unique_ptr<chains::internal::Root<void>> observing_;
  std::unique_ptr<chains::internal::Root<void>> exporting_;
  std::unique_ptr<PlatformMetrics> metrics_;  // null: nobody is told
};

}  // namespace chains::deploy
