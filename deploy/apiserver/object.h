// Objects of the Kubernetes API as JSON, and what is asked of all of them.
//
//   Json pod = *ParseObject(text);
//   NameOf(pod);                                       // "hello-x7k2p"
//   StringAt(pod, "/status/podIP");                    // "" where there is none
//   ObjectId id = IdOf(pod);
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"

namespace chains::deploy {

// Never lets its exceptions out: it is read by the functions below and by contains().
using Json = nlohmann::json;

// A kind of objects, and where the API has it.
struct ObjectKind {
  std::string_view api_version;  // "v1", "apps/v1"
  std::string_view kind;         // "Deployment"
  std::string_view plural;       // "deployments"

  friend bool operator==(const ObjectKind&, const ObjectKind&) = default;
};

namespace kinds {
inline constexpr ObjectKind kPod{"v1", "Pod", "pods"};
inline constexpr ObjectKind kService{"v1", "Service", "services"};
inline constexpr ObjectKind kConfigMap{"v1", "ConfigMap", "configmaps"};
inline constexpr ObjectKind kSecret{"v1", "Secret", "secrets"};
inline constexpr ObjectKind kEvent{"v1", "Event", "events"};
inline constexpr ObjectKind kDeployment{"apps/v1", "Deployment", "deployments"};
inline constexpr ObjectKind kEndpointSlice{"discovery.k8s.io/v1", "EndpointSlice",
                                           "endpointslices"};
inline constexpr ObjectKind kLease{"coordination.k8s.io/v1", "Lease", "leases"};
inline constexpr ObjectKind kAutoscaler{"autoscaling/v2", "HorizontalPodAutoscaler",
                                        "horizontalpodautoscalers"};
inline constexpr ObjectKind kScaledObject{"keda.sh/v1alpha1", "ScaledObject", "scaledobjects"};
inline constexpr ObjectKind kDisruptionBudget{"policy/v1", "PodDisruptionBudget",
                                              "poddisruptionbudgets"};
inline constexpr ObjectKind kJob{"batch/v1", "Job", "jobs"};
}  // namespace kinds

// INVALID_ARGUMENT: it is not a JSON object, or is deeper or longer than any of Kubernetes is.
absl::StatusOr<Json> ParseObject(std::string_view text);
// In one line. What is not UTF-8 in a string is replaced.
std::string ToText(const Json& object);

// What is at a JSON pointer; the default where it is missing or of another type.
std::string StringAt(const Json& object, std::string_view pointer);
int64_t IntAt(const Json& object, std::string_view pointer, int64_t otherwise = 0);
bool BoolAt(const Json& object, std::string_view pointer, bool otherwise = false);
std::map<std::string, std::string> StringsAt(const Json& object, std::string_view pointer);
// Null (Json's own) where it is missing; never throws.
const Json& At(const Json& object, std::string_view pointer);

std::string NameOf(const Json& object);
std::string NamespaceOf(const Json& object);
std::string UidOf(const Json& object);
std::string ResourceVersionOf(const Json& object);
std::string LabelOf(const Json& object, std::string_view label);
std::string AnnotationOf(const Json& object, std::string_view annotation);
bool IsBeingDeleted(const Json& object);

// YAML as people write it by hand: block style, keys in the order of Kubernetes' documentation
// (apiVersion, kind, metadata, spec first). An array is several documents, separated by "---".
std::string ToYaml(const Json& object);

}  // namespace chains::deploy
