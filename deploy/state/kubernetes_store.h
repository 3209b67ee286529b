// KubernetesStore: the store of platforms on a cluster, in objects of its API.
//
//   KubernetesStore store(api, {.in_namespace = "chains"});
//   absl::StatusOr<Store::Contents> all = store.Load();     // this platform's from now on
//   absl::Status kept = store.Apply(change);                // ABORTED: another one has taken over
//
// Kubernetes changes one object at a time. So a record is a Secret that never changes once it is
// made (its name says what it is of), and one more Secret, PREFIX-head, names those that count:
//
//   Apply   makes new objects for what is put; replaces the head by one that names them in the
//           place of the old ones; removes objects that it named before.
//   Load    reads the head and all objects; replaces the head by one with its own name on it;
//           removes objects that it does not name.
//
// The head is replaced with its resourceVersion, so of two who read the same one only one does.
// That moment is when a change is made, whole: who dies before leaves objects that nobody names,
// who dies after leaves some that nobody names any more. Whoever loads takes over: what a writer
// before it still has on its way is refused by the head, and an object that it makes late counts
// for nothing. Objects that were removed are named by nobody later, because no name comes twice.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/local_loop.h"
#include "deploy/apiserver/api_client.h"
#include "deploy/state/store.h"

namespace chains::deploy {

class KubernetesStore final : public Store {
 public:
  struct Options {
    std::string in_namespace = "chains";
    std::string prefix = "chains-state";         // of the objects' names
    absl::Duration timeout = absl::Seconds(30);  // of one change; to load may take twice that
    // Where requests run, one loop a call, on the caller's thread. Null: on the machine's clock.
    std::function<std::unique_ptr<LocalLoop>()> make_loop = nullptr;
  };
  // `api` outlives it.
  KubernetesStore(ApiClient& api, Options options);
  ~KubernetesStore() override;

  // Takes over from whoever wrote last. DATA_LOSS also where records are there and no head.
  absl::StatusOr<Contents> Load() override;
  // FAILED_PRECONDITION: it has not loaded. What fails without an answer (UNAVAILABLE) is made void
  // by the next change, and may until then be found made by who loads.
  absl::Status Apply(const Change& change) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chains::deploy
