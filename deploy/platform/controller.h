// Controller: makes what runs what should run: again and again, with every change and twice a
// second.
//
// It starts and drains replicas as the plan says, scales, brings pending revisions live once all of
// them is ready, and gives up on those that do not start.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/task.h"
#include "deploy/fleets/fleet.h"
#include "deploy/platform/keeper.h"
#include "deploy/platform/liveness.h"
#include "deploy/platform/model.h"

namespace chains::deploy {

class Controller {
 public:
  struct Options {
    std::string replicas_attach_at;  // an address of chains.v1.Control
    bool mtls = false;               // replicas show who they are, to each other and to gateways
    absl::Duration start_timeout = absl::Minutes(5);      // from start to ready
    absl::Duration drain_timeout = absl::Seconds(35);     // from the request to leave to the end
    absl::Duration liveness_timeout = absl::Seconds(30);  // without a report: another is started
    int starts = 3;  // of a new revision's chainlet that never becomes ready
    // The same, where the old one has made room for it: requests wait meanwhile.
    int starts_in_place = 1;
  };
  struct Hooks {
    // Where a bundle's tree is, by its digest.
    std::function<std::string(const std::string& bundle)> folder_of;
    // The value of a secret that is set; the name of one that is not is in the failure.
    std::function<absl::StatusOr<std::string>(const std::string& name)> secret;
  };
  // All outlive it. What the fleet's hooks say is to be told to it, below.
  Controller(Model& model, Keeper& keeper, Fleet& fleet, Options options, Hooks hooks);
  Controller(const Controller&) = delete;

  // Never ends by itself: what cannot be kept is tried again.
  Task<void> Run();
  // On the loop, like all below.
  void Exited(const ReplicaExit& exit, absl::Time now);
  // Fleet::OnReachable.
  void Reachable(const std::string& deployment, const std::string& name, bool reachable,
                 absl::Time now);
  // Where replicas of a deployment are, or why they wait, has changed.
  void Placed(const std::string& deployment, absl::Time now);
  // Fleet::OnScaled.
  void Scaled(const std::string& deployment, const std::vector<std::string>& chainlets,
              std::optional<int> replicas, absl::Time now);
  // How many replicas that served a chainlet ended, or fell silent, unasked, since this began.
  uint64_t RestartsOf(const std::string& deployment, const std::string& chainlet) const {
    const auto found = restarts_.find({deployment, chainlet});
    return found == restarts_.end() ? 0 : found->second;
  }

 private:
  void Scale(absl::Time now);
  void ScaleOne(Deployment& deployment, absl::Time now);
  Task<void> Step(std::string id);
  void TellFleet(const Deployment& deployment);
  void TellFleetOfDeleted();
  void NoteTrouble(const std::string& id, const absl::Status& trouble);
  void StartReplica(Deployment& deployment, const std::string& unit, bool of_pending,
                    absl::Time now);
  absl::StatusOr<ReplicaSpec> SpecOf(const Deployment& deployment, const Revision& revision,
                                     const Unit& unit, std::vector<int> gpus) const;
  static absl::StatusOr<std::string> FreeSuffix(const Deployment& deployment);
  std::string EnvironmentOf(const Deployment& deployment) const;
  void Drain(Replica& replica, absl::Time now);
  void StopDrained(Deployment& deployment, absl::Time now);
  void EndLateStarts(Deployment& deployment, absl::Time now);
  void ReplaceSilent(Deployment& deployment, absl::Time now);
  // Makes the deployment whose place a pending one takes yield, step by step. Answers why that is
  // not possible; empty: it is, or is not needed.
  std::string MakeRoom(Deployment& deployment, absl::Time now);
  void Release(const Deployment& taker, absl::Time now, bool taken);
  void ReleaseForgotten();
  std::string FailureOfPending(const Deployment& deployment, absl::Time now) const;
  Deployment* StillPending(const std::string& id, uint64_t revision);
  Task<void> BringLive(std::string id, uint64_t revision);
  // Those that fail more often than what they are compared with.
  Task<void> EndCanaries();
  Task<void> GiveUp(std::string id, uint64_t revision, std::string why);
  void Crashed(Deployment& deployment, const Replica& replica, const ReplicaExit& exit,
               absl::Time now);

  Model& model_;
  Keeper& keeper_;
  Fleet& fleet_;
  const Options options_;
  const Hooks hooks_;
  // What the fleet was told of a deployment last.
  struct Told {
    std::shared_ptr<const Revision> live, pending;
    FleetDeployment deployment;
  };

  Liveness liveness_;
  std::map<std::string, Told> told_;                                  // by id
  std::map<std::pair<std::string, std::string>, uint64_t> restarts_;  // by deployment, chainlet
  absl::Time next_scaling_ = absl::InfinitePast();
};

}  // namespace chains::deploy
