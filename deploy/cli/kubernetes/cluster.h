// Cluster: the API server of a Kubernetes cluster, for a thread that waits.
//
//   Cluster cluster(std::move(transport), "chains", "chains-platform");
//   absl::StatusOr<Json> pod = cluster.Run([](ApiClient& api) {
//     return api.Get(kinds::kPod, "chains", "hello-x7k2p");
//   });
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/run_on.h"
#include "deploy/apiserver/api_client.h"
#include "deploy/apiserver/transport.h"

namespace chains::deploy::cli {

// Thread-safe.
class Cluster {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(30);
  static constexpr absl::Duration kLookEvery =
      absl::Seconds(1);                              // while a command waits for a state
  static constexpr char kFieldManager[] = "chains";  // of what commands write there

  // `in_namespace` is that of the installation.
  Cluster(std::unique_ptr<Transport> transport, std::string in_namespace,
          std::string field_manager);
  ~Cluster();
  Cluster(const Cluster&) = delete;

  const std::string& in_namespace() const { return in_namespace_; }

  // Runs the task that `make` answers for an ApiClient& and waits for it.
  template <typename F>
  auto Run(F make, absl::Duration timeout = kPatience) {
    return RunOn(
        reactor_, [&] { return make(api_); }, Context(absl::Now() + timeout, "", {}));
  }

 private:
  const std::string in_namespace_;
  const std::unique_ptr<Transport> transport_;
  ApiClient api_;
  WorkerPool workers_;
  Reactor reactor_;
};

}  // namespace chains::deploy::cli
