// The rules of a chain that the compiler cannot see, and where what breaks them is collected.
// Implementation detail of problem.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chains/chain/problem.h"
#include "chains/chain/spec.h"

namespace chains::internal {

class Problems {
 public:
  explicit Problems(const ChainSpec& chain) : chain_(chain) {}

  // Of the whole chain.
  void Add(const char* kind, std::string message) { Add(chain_.where, kind, std::move(message)); }
  void Add(const SourceLocation& where, const char* kind, std::string message);
  // Of one chainlet.
  void Add(const ChainletSpec& chainlet, const char* kind, std::string message);

  std::vector<Problem> TakeSorted();

 private:
  const ChainSpec& chain_;
  std::vector<Problem> list_;
};

// What a chainlet says about itself: resources, autoscaling, limits, settings (check_chainlet.cc).
void CheckChainlet(const ChainletSpec& chainlet, Problems& problems);
// That the files it declares are there (check_chainlet.cc).
void CheckAssetFiles(const ChainletSpec& chainlet, const Given& given, Problems& problems);
// How it calls others (check_dependencies.cc).
void CheckDependencies(const ChainSpec& chain, const ChainletSpec& chainlet, Problems& problems);
// What it asks of hedging, circuits and balancing (check_policies.cc).
void CheckPolicies(const ChainletSpec& chainlet, const DependencySpec& dependency,
                   Problems& problems);
// That `what`, "3 attempts", can ever be made: the callee has a unary method that may be repeated.
// If not, the problem ends with `or_else`, "leave attempts at 1" (check_dependencies.cc).
void CheckRepeatable(const ChainletSpec& chainlet, const DependencySpec& dependency,
                     const std::string& what, const std::string& or_else, Problems& problems);
// That no chainlet needs itself in the end (check_dependencies.cc).
void CheckCycles(const ChainSpec& chain, Problems& problems);

// "max_replica is 0; give 1 to 1000", unless value is in that range.
void CheckRange(const ChainletSpec& chainlet, const char* kind, const std::string& name, int value,
                int least, int most, Problems& problems);
void CheckRange(const ChainletSpec& chainlet, const char* kind, const std::string& name,
                absl::Duration value, absl::Duration least, absl::Duration most,
                Problems& problems);

}  // namespace chains::internal
