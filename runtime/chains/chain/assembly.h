// Assembly: the chainlet objects of one loop, with the edges between them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/chain/dependency_channel.h"
#include "chains/chain/spec.h"
#include "chains/contract/loopback_channel.h"
#include "chains/policy/callee_edge.h"
#include "chains/policy/caller_edge.h"
#include "chains/policy/counters.h"

namespace chains::internal {

// How chainlets of the same assembly call each other.
enum class LocalCalls { kDirect, kInWireFormat };

// Not thread-safe: built before its loop runs or on it, used on it, and destroyed when nothing of
// it runs any more.
class Assembly {
 public:
  struct Options {
    std::string replica;             // named in the paths of failures
    std::vector<std::string> local;  // contracts of the chainlets to build; empty: all
    LocalCalls local_calls = LocalCalls::kDirect;
    WaysOut ways_out;  // to what is not local
    // By contract: an object (as its contract class) that stands for the chainlet and outlives
    // this.
    std::map<std::string, void*, std::less<>> fakes;
    DeploymentContext::Contents context;  // of the process; each chainlet sees what it declares
    int share = 1;  // this loop's limits are the declared ones divided by this
  };
  // Builds what is local, dependencies first. `chain` is valid; it and `counters` outlive the
  // assembly. A chainlet that cannot be built is named in the error.
  static absl::StatusOr<std::unique_ptr<Assembly>> Build(const ChainSpec& chain, Options options,
                                                         Counters& counters);

  Assembly(const Assembly&) = delete;
  ~Assembly();

  // The chainlet behind its callee's edge, as a pointer to its contract class; null: not local.
  void* Find(std::string_view contract) const;
  // The handlers of the local chainlets.
  const Service& service() const { return service_; }

  struct HealthHook {
    std::string contract;
    std::function<absl::Status()> healthy;
  };
  const std::vector<HealthHook>& health_hooks() const { return health_hooks_; }

 private:
  // A local chainlet.
  struct Node {
    Built built;
    std::unique_ptr<CalleeEdge> edge;
    std::shared_ptr<void> guarded;
    std::unique_ptr<Service> service;
  };
  // A dependency of a local chainlet.
  struct Link {
    std::unique_ptr<CallerEdge> edge;  // its budget pays for what the channel hedges, too
    std::unique_ptr<Channel> channel;
    std::shared_ptr<void> stub;
    std::shared_ptr<void> guarded;
  };
  Assembly(const ChainSpec& chain, Options options, Counters& counters)
      : chain_(chain), options_(std::move(options)), counters_(counters) {}

  bool IsLocal(std::string_view contract) const;
  bool IsHere(const DependencySpec& dependency) const;  // its callee is of this assembly
  absl::StatusOr<Node*> Make(const ChainletSpec& chainlet);
  absl::StatusOr<Built> MakeObject(const ChainletSpec& chainlet);
  absl::StatusOr<void*> MakeLink(const ChainletSpec& caller, const DependencySpec& dependency);
  Caller CallerOf(const ChainletSpec& caller, const DependencySpec& dependency, Link& link);
  // The callee of a dependency where that is called directly; else null, and `link` has a channel.
  absl::StatusOr<void*> Reach(const ChainletSpec& caller, const DependencySpec& dependency,
                              Link& link);
  int ShareOf(int limit) const;
  AdaptiveLimit ShareOf(AdaptiveLimit limit) const;

  const ChainSpec& chain_;
  const Options options_;
  Counters& counters_;
  std::map<std::string, Node, std::less<>> nodes_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Node*> built_order_;
  Service service_;
  std::vector<HealthHook> health_hooks_;
};

}  // namespace chains::internal
