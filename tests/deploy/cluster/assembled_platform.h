// AssembledPlatform: one life of a platform on a cluster that is made up: all that a real one has,
// but for sockets and processes. To destroy it is to kill it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet.h"
#include "deploy/platform/control_service.h"
#include "deploy/platform/controller.h"
#include "deploy/platform/platform_service.h"
#include "deploy/state/store.h"

namespace chains::deploy {

// Outlives platforms, as a disk does. Thread-safe.
class MemoryStore final : public Store {
 public:
  absl::StatusOr<Contents> Load() override;
  absl::Status Apply(const Change& change) override;

 private:
  std::mutex mutex_;
  std::map<std::string, state::DeploymentRecord> deployments_;
  std::map<std::pair<std::string, std::string>, state::EnvironmentRecord> environments_;
  std::map<std::string, state::KeyRecord> keys_;
  std::map<std::string, state::SecretRecord> secrets_;
};

class AssembledPlatform {
 public:
  // What it finds when it starts. All outlive it.
  struct Left {
    chains::testing::FakeClock& clock;
    Transport& transport;
    Store& store;
    BlobStore& blobs;
    SecretBox& secrets;
    LogKeeper& logs;
    std::filesystem::path bundles;
    ClusterSettings settings;
    std::function<double()> jitter;
  };
  explicit AssembledPlatform(Left left);
  ~AssembledPlatform();

  // Not OK: it could not begin; another is to try.
  absl::Status Start();

  Model& model() { return model_; }
  PlatformService& service() { return *service_; }
  ControlService& control() { return *control_; }
  v1::Pods& pods() { return fleet_->pods(); }

 private:
  KubernetesFleet::Hooks Hooks();

  const Left left_;
  Model model_{Capacity{}};
  Keeper keeper_{model_, left_.store};
  ApiClient api_;
  std::unique_ptr<KubernetesFleet> fleet_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<ControlService> control_;
  std::unique_ptr<Assets> assets_;
  std::unique_ptr<PlatformService> service_;
  std::optional<chains::testing::Running<void>> controlling_, running_;
};

}  // namespace chains::deploy
