// The Kubernetes objects of a deployment. Pure: `chains push --to kubernetes --dry-run` prints what
// the fleet applies.
//
//   CHAIN-ID                 ConfigMap: the manifest. It owns all else: who deletes it deletes all.
//   CHAIN-ID                 Secret: the token with which pods attach
//   CHAIN-ID-CHAINLETS       headless Service of one unit; its EndpointSlices say who can be called
//   CHAIN-ID-CHAINLETS-HASH  Deployment of one place: pods of one template
//   CHAIN-ID-CHAINLETS       PodDisruptionBudget, where more than one replica may run
//   CHAIN-ID-CHAINLETS-HASH  as the settings say, a HorizontalPodAutoscaler or a ScaledObject: of
//                            a place, since that is what they scale
//
// A place is a unit and a template. Its template never changes, so Kubernetes never rolls it over:
// other resources or images are another place, and the old one shrinks as its replicas leave.
// What a pod runs is no part of the template. Its agent asks the platform, and in a development
// deployment runs one program after the other.
//
// Labels, of objects and of pods:
//   app.kubernetes.io/managed-by=chains   app.kubernetes.io/part-of=CHAIN
//   app.kubernetes.io/component=replica (pods), =deployment (the ConfigMap that owns all else)
//   chains.dev/chain, chains.dev/deployment, chains.dev/chainlets (short names, joined by '.'; or
//   a hash, where that is longer than a label), chains.dev/place (pods and Deployments)
// Annotations: chains.dev/chainlets (full names, joined by ','), on Deployments chains.dev/bundle;
//   on pods chains.dev/replica: what the platform has put there, as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/apiserver/object.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"

namespace chains::deploy {

// Names are valid, unique and stable: what is too long ends in a hash of it.
std::string OwnerName(const FleetDeployment& deployment);
std::string UnitName(const FleetDeployment& deployment, const FleetUnit& unit);
std::string PlaceName(const FleetDeployment& deployment, const FleetUnit& unit,
                      const ClusterSettings& settings);

// Those of the deployment itself. FAILED_PRECONDITION names what the cluster has no answer to: a
// chainlet that declares packages and has no image of its own (chains image makes one), a type of
// GPU that the settings do not know.
absl::StatusOr<std::vector<Json>> OwnerObjects(const FleetDeployment& deployment,
                                               const ClusterSettings& settings);
// Those of one unit; `owner_uid` empty: without owner references (a dry run). `replicas`: of the
// place; nullopt: the field is left to others.
absl::StatusOr<std::vector<Json>> UnitObjects(const FleetDeployment& deployment,
                                              const FleetUnit& unit,
                                              const ClusterSettings& settings,
                                              std::optional<int> replicas,
                                              const std::string& owner_uid);

// Makes the deployment's ConfigMap the owner of another object of it.
void SetOwner(Json& object, const FleetDeployment& deployment, const std::string& owner_uid);

}  // namespace chains::deploy
