// KubernetesStore: the store of platforms on a cluster, in objects of its API.
//
// Records are Secrets (environments and deployments are readable in annotations, too). Kubernetes
// changes one object at a time, so a change is first written, whole, into one object, the head:
// that is the moment it is made. Then records follow; who dies between leaves that to whoever loads
// the head next. The head names every record there is and counts changes; it is replaced with its
// resourceVersion, so of two platforms that both think they lead one gets ABORTED, and nothing that
// a late one still writes into records counts.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "deploy/apiserver/api_client.h"
#include "deploy/state/store.h"

namespace chains::deploy {

class KubernetesStore final : public Store {
 public:
  struct Options {
    std::string in_namespace = "chains";
    std::string prefix = "chains-state";  // of the objects' names
  };
  // `api` outlives it. What it asks runs on a thread of its own.
  KubernetesStore(ApiClient& api, Options options);
  ~KubernetesStore() override;

  absl::StatusOr<Contents> Load() override;
  absl::Status Apply(const Change& change) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chains::deploy
