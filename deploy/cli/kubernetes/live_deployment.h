// What a cluster has of a chain already, for what is planned to be compared with.
//
//   absl::StatusOr<LiveDeployment> live = FindLive(cluster, planned);
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/apiserver/object.h"
#include "deploy/cli/kubernetes/cluster.h"
#include "deploy/cli/kubernetes/planned_objects.h"

namespace chains::deploy::cli {

struct LiveDeployment {
  std::string id = {};  // empty: there is none
  std::string token = {};
  PlannedOver over = {};
  std::vector<Json> objects = {};  // Services, Deployments, budgets and autoscalers of it
};

// The latest of the chain: its development deployment, or the newest published one.
absl::StatusOr<LiveDeployment> FindLive(Cluster& cluster, const FleetDeployment& planned);

// What is there by the kind and name of `object`; null: nothing.
absl::StatusOr<Json> GetIfThere(Cluster& cluster, const Json& object);

// Whether one of `objects` has the kind and name of `object`.
bool Contains(const std::vector<Json>& objects, const Json& object);

// The settings with which the platform of this cluster runs (ConfigMap chains-settings);
// the defaults, in the cluster's namespace, where there are none.
absl::StatusOr<ClusterSettings> SettingsOf(Cluster& cluster);

}  // namespace chains::deploy::cli
