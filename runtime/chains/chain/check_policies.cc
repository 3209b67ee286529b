#include <string>

#include "chains/chain/check.h"
#include "chains/core/text.h"

namespace chains::internal {
namespace {

constexpr const char* kDependency = "dependency";
constexpr int kMostCalls = 1'000'000;
constexpr absl::Duration kLeastTime = absl::Milliseconds(1);
constexpr absl::Duration kMostTime = absl::Hours(1);

// "hedging.percentile of hello.SayHello".
std::string NameOf(const char* field, const DependencySpec& dependency) {
  return Text(field, " of ", dependency.callee->info->name);
}

// Not NaN, which is in no range.
void CheckPart(const ChainletSpec& chainlet, const std::string& name, double value, double above,
               double most, Problems& problems) {
  if (value > above && value <= most) return;
  problems.Add(chainlet, kDependency,
               Text(name, " is ", value, "; give more than ", above, ", at most ", most));
}

void CheckHedging(const ChainletSpec& chainlet, const DependencySpec& dependency,
                  Problems& problems) {
  const Hedging& hedging = dependency.hedging;
  CheckPart(chainlet, NameOf("hedging.percentile", dependency), hedging.percentile, 0, 99.9,
            problems);
  CheckRange(chainlet, kDependency, NameOf("hedging.at_least", dependency), hedging.at_least,
             absl::ZeroDuration(), kMostTime, problems);
  CheckPart(chainlet, NameOf("hedging.max_extra", dependency), hedging.max_extra, 0, 1, problems);
  CheckRepeatable(chainlet, dependency, "second attempts (hedging)", "leave hedging off", problems);
}

void CheckCircuit(const ChainletSpec& chainlet, const DependencySpec& dependency,
                  Problems& problems) {
  const Circuit& circuit = dependency.circuit;
  CheckRange(chainlet, kDependency, NameOf("circuit.consecutive_failures", dependency),
             circuit.consecutive_failures, 1, kMostCalls, problems);
  CheckPart(chainlet, NameOf("circuit.failure_ratio", dependency), circuit.failure_ratio, 0, 1,
            problems);
  CheckRange(chainlet, kDependency, NameOf("circuit.min_calls", dependency), circuit.min_calls, 1,
             kMostCalls, problems);
  CheckRange(chainlet, kDependency, NameOf("circuit.window", dependency), circuit.window,
             absl::Milliseconds(100), kMostTime, problems);
  CheckRange(chainlet, kDependency, NameOf("circuit.open_for", dependency), circuit.open_for,
             kLeastTime, kMostTime, problems);
  CheckRange(chainlet, kDependency, NameOf("circuit.probes", dependency), circuit.probes, 1, 1000,
             problems);
}

void CheckBalancing(const ChainletSpec& chainlet, const DependencySpec& dependency,
                    Problems& problems) {
  const Balancing& balancing = dependency.balancing;
  CheckRange(chainlet, kDependency, NameOf("balancing.failures_to_eject", dependency),
             balancing.failures_to_eject, 0, kMostCalls, problems);
  CheckPart(chainlet, NameOf("balancing.failure_ratio", dependency), balancing.failure_ratio, 0,
            100, problems);
  CheckRange(chainlet, kDependency, NameOf("balancing.min_calls", dependency), balancing.min_calls,
             1, kMostCalls, problems);
  if (balancing.latency_factor != 0) {
    CheckPart(chainlet, NameOf("balancing.latency_factor", dependency), balancing.latency_factor, 1,
              10'000, problems);
  }
  CheckRange(chainlet, kDependency, NameOf("balancing.latency_margin", dependency),
             balancing.latency_margin, absl::ZeroDuration(), kMostTime, problems);
  CheckRange(chainlet, kDependency, NameOf("balancing.ejected_for", dependency),
             balancing.ejected_for, kLeastTime, kMostTime, problems);
  CheckRange(chainlet, kDependency, NameOf("balancing.ejected_at_most", dependency),
             balancing.ejected_at_most, kLeastTime, kMostTime, problems);
  CheckPart(chainlet, NameOf("balancing.panic_above", dependency), balancing.panic_above, 0, 1,
            problems);
  CheckRange(chainlet, kDependency, NameOf("balancing.warm_up", dependency), balancing.warm_up,
             absl::ZeroDuration(), kMostTime, problems);
}

}  // namespace

void CheckPolicies(const ChainletSpec& chainlet, const DependencySpec& dependency,
                   Problems& problems) {
  if (dependency.hedging.on) CheckHedging(chainlet, dependency, problems);
  if (dependency.circuit.on) CheckCircuit(chainlet, dependency, problems);
  CheckBalancing(chainlet, dependency, problems);
}

}  // namespace chains::internal
