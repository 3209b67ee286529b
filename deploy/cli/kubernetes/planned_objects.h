// What a push would make of a chain on a cluster, without one: for `push --to kubernetes --dry-run`
// and `--diff`. Pure.
//
//   absl::StatusOr<FleetDeployment> planned = PlanDeployment(chain.bundle, request);
//   absl::StatusOr<std::vector<Json>> objects = PlannedObjects(*planned, ClusterSettings(), {});
//
// The platform makes up ids and tokens. Here an id is the beginning of the bundle's digest, so that
// the same chain is always the same text, and the token says that it is none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/v1/bundle.pb.h"
#include "chains/v1/platform.pb.h"
#include "deploy/apiserver/object.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"

namespace chains::deploy::cli {

// As the platform would tell its fleet of `request`, whose bundle is there. Errors are the
// platform's: INVALID_ARGUMENT, FAILED_PRECONDITION.
absl::StatusOr<FleetDeployment> PlanDeployment(const v1::DeployRequest& request);

// Of a deployment that the cluster has already.
struct PlannedOver {
  std::string owner_uid = {};
  std::map<std::string, int> replicas = {};  // by the name of its Deployments
};
// In the order in which they are applied. Errors as in objects.h.
absl::StatusOr<std::vector<Json>> PlannedObjects(const FleetDeployment& deployment,
                                                 const ClusterSettings& settings,
                                                 const PlannedOver& over);

}  // namespace chains::deploy::cli
