// Model: all that a platform knows. What must survive it is in its Store as well, and was there
// first.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "chains/core/notice.h"
#include "deploy/platform/capacity.h"
#include "deploy/platform/deployment.h"
#include "deploy/state/state.pb.h"

namespace chains::deploy {

// A gateway that follows the routes.
struct FollowingGateway {
  Follower follower;
  std::map<std::string, uint64_t> requests;  // that wait or run, by deployment
};

// For the platform's loop.
class Model {
 public:
  using EnvironmentName = std::pair<std::string, std::string>;  // chain, environment

  explicit Model(Capacity has) : capacity(has) {}
  Model(const Model&) = delete;

  // Something that others may have to be told has changed.
  uint64_t Touch() {
    ++version_;
    changed_.Give();
    return version_;
  }
  uint64_t version() const { return version_; }
  Notice& changed() { return changed_; }

  // Null: there is none.
  Deployment* Find(const std::string& id);
  Deployment* Development(const std::string& chain);
  const state::EnvironmentRecord* Environment(const std::string& chain,
                                              const std::string& name) const;
  // By id, or by chain and environment (empty: production, else development). NOT_FOUND says what
  // there is.
  absl::StatusOr<Deployment*> Resolve(const std::string& id, const std::string& chain,
                                      const std::string& environment);
  // The environments that point at a deployment; production first.
  std::vector<std::string> EnvironmentsOf(const Deployment& deployment) const;
  // The environments that give it a share of their requests.
  std::vector<const state::EnvironmentRecord*> CanaryOf(const Deployment& deployment) const;
  // Its chain's deployments count their answers from now on.
  void CountAnew(const std::string& chain);
  // The one whose settings it follows; null where none points at it.
  const state::EnvironmentRecord* SettingsFor(const Deployment& deployment) const;
  std::vector<std::string> Chains() const;
  // All deployments of a chain scale as what they are in says from now on: an environment points
  // at another one, say.
  void FollowSettings(const std::string& chain, absl::Time now);

  // Whether everybody who may call a replica has learned that it is leaving.
  bool AllArePast(uint64_t version, const Deployment& deployment) const;
  // Requests that gateways have for a deployment, whether they wait or run.
  uint64_t AtGateways(const std::string& deployment) const;
  // What replicas have of this machine, those of one deployment left aside.
  Reserved Reservations(const Deployment* without = nullptr) const;

  std::map<std::string, std::unique_ptr<Deployment>> deployments;  // by id
  std::map<EnvironmentName, state::EnvironmentRecord> environments;
  std::map<std::string, state::KeyRecord> keys;        // by name
  std::map<std::string, state::SecretRecord> secrets;  // by name
  std::map<uint64_t, FollowingGateway> gateways;       // by the stream's number
  const Capacity capacity;
  // The fleet has a scheduler: capacity says nothing, and no GPU has a number here.
  bool scheduled = false;
  bool open = false;    // nobody is asked for a key
  v1::Tracing tracing;  // what gateways are told
  uint64_t last_sequence = 0;

 private:
  // From the clock, so that it grows across restarts of the platform, too.
  uint64_t version_ = static_cast<uint64_t>(absl::ToUnixMicros(absl::Now()));
  Notice changed_;
};

}  // namespace chains::deploy
