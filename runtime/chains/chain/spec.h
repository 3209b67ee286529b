// ChainSpec: a chain as data: what Chain::Add collected, with the types erased. Validation, the
// manifest and assembly read it; users see Chain instead.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/chain/declaration.h"
#include "chains/chain/source_location.h"
#include "chains/contract/contract.h"

namespace chains::internal {

// Contract<T> without T. Pointers to void are pointers to T.
struct ContractOps {
  const ServiceInfo* info = nullptr;
  std::shared_ptr<void> (*connect)(Channel& channel) = nullptr;
  std::shared_ptr<void> (*guard)(void* target, Edge& edge) = nullptr;
  Service (*serve)(void* implementation) = nullptr;
};

template <ChainletContract T>
const ContractOps& OpsOf() {
  static const ContractOps ops = {
      .info = &Contract<T>::Info(),
      .connect = [](Channel& channel) -> std::shared_ptr<void> {
        return std::shared_ptr<T>(Contract<T>::Connect(channel));
      },
      .guard = [](void* target, Edge& edge) -> std::shared_ptr<void> {
        return std::shared_ptr<T>(Contract<T>::Guard(*static_cast<T*>(target), edge));
      },
      .serve =
          [](void* implementation) {
            return Contract<T>::Serve(*static_cast<T*>(implementation));
          }};
  return ops;
}

struct DependencySpec {
  const ContractOps* callee = nullptr;
  int attempts = 1;
  absl::Duration timeout;
  int max_in_flight = 0;
  Hedging hedging = {};
  RetryBudget retry_budget = {};
  Circuit circuit = {};
  Balancing balancing = {};
  std::string url = "";
  std::string url_secret = "";
  bool soft = false;  // its caller does without it: Soft<T>
};

// A chainlet object: who owns it, as its contract class, and its health hook (may be null).
struct Built {
  std::shared_ptr<void> owner;
  void* chainlet = nullptr;
  std::function<absl::Status()> healthy;
};

struct ChainletSpec {
  const ContractOps* contract = nullptr;
  std::string implementation;  // the C++ class; empty: declared only
  std::vector<DependencySpec> dependencies;
  Resources resources;
  Autoscaling autoscaling;
  Limits limits;
  Settings settings;
  bool entrypoint = false;
  SourceLocation where;
  // Makes an object from its dependencies, in order. Null when it is declared only.
  std::function<absl::StatusOr<Built>(const std::vector<void*>& dependencies,
                                      const DeploymentContext& context)>
      build;

  std::string_view name() const { return contract->info->name; }
};

struct ChainSpec {
  std::string name;
  SourceLocation where;
  std::vector<ChainletSpec> chainlets;

  // The first chainlet of that contract; null when there is none.
  const ChainletSpec* Find(std::string_view contract) const {
    for (const ChainletSpec& chainlet : chainlets) {
      if (chainlet.name() == contract) return &chainlet;
    }
    return nullptr;
  }
  const ChainletSpec* Entrypoint() const {
    for (const ChainletSpec& chainlet : chainlets) {
      if (chainlet.entrypoint) return &chainlet;
    }
    return nullptr;
  }
};

// The contracts of all chainlets that are implemented, in their order.
std::vector<std::string> ImplementedIn(const ChainSpec& chain);

// How many calls of `chainlet` may wait: Limits::max_queued, or what its known callers may have in
// flight together, at least 256.
int QueueOf(const ChainSpec& chain, const ChainletSpec& chainlet);

// How many reactors a replica that serves `chainlets` has: one per CPU that they ask for, but no
// more than the smallest of their limits, which are divided among reactors.
int ReactorsOf(const ChainSpec& chain, const std::vector<const ChainletSpec*>& chainlets);

}  // namespace chains::internal
