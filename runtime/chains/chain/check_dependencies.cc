#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "chains/chain/check.h"
#include "chains/chain/service_url.h"
#include "chains/core/text.h"
#include "chains/http/json_channel.h"

namespace chains::internal {
namespace {

constexpr const char* kKind = "dependency";
constexpr int kMostAttempts = 100;
constexpr int kMostInFlight = 100'000;
constexpr absl::Duration kLeastTimeout = absl::Milliseconds(1);
constexpr absl::Duration kMostTimeout = absl::Hours(24);

void CheckBudget(const ChainletSpec& chainlet, const DependencySpec& dependency,
                 Problems& problems) {
  const RetryBudget& budget = dependency.retry_budget;
  const std::string_view callee = dependency.callee->info->name;
  if (!(budget.ratio >= 0 && budget.ratio <= 1)) {
    problems.Add(chainlet, kKind,
                 Text("retry_budget.ratio of ", callee, " is ", budget.ratio, "; give 0 to 1"));
  }
  CheckRange(chainlet, kKind, Text("retry_budget.burst of ", callee), budget.burst, 0,
             kMostInFlight, problems);
}

// Where a service is that somebody else deployed.
void CheckUrl(const ChainSpec& chain, const ChainletSpec& chainlet,
              const DependencySpec& dependency, Problems& problems) {
  const ServiceInfo& callee = *dependency.callee->info;
  const auto add = [&](std::string_view what) {
    problems.Add(chainlet, kKind, Text("url of ", callee.name, ": ", what));
  };
  const ChainletSpec* const own = chain.Find(callee.name);
  if (own != nullptr && own->build != nullptr) {
    add(Text("the chain has that chainlet itself (", PlaceText(own->where),
             "); remove it or the url, which `serve --url` can give when the chain is deployed"));
  }
  const absl::StatusOr<std::string> url =
      ExpandVariables(dependency.url, [&](std::string_view name) -> std::optional<std::string> {
        const auto variable = chainlet.settings.variables.find(std::string(name));
        if (variable == chainlet.settings.variables.end()) return std::nullopt;
        return variable->second;
      });
  if (!url.ok()) return add(MessageOf(url.status()));
  // A variable without a default is for the deployment to set.
  if (url->empty()) return;
  const absl::StatusOr<ServiceUrl> service = ParseServiceUrl(*url);
  if (!service.ok()) return add(MessageOf(service.status()));
  if (!dependency.url_secret.empty() && !service->tls && !service->local) {
    add(Text("the secret ", dependency.url_secret,
             " would travel in the clear; use https:// or grpcs://"));
  }
  if (service->protocol != ServiceUrl::Protocol::kJson) return;
  if (absl::Status mapped = http::CheckMapped(callee); !mapped.ok()) add(MessageOf(mapped));
}

void CheckCall(const ChainSpec& chain, const ChainletSpec& chainlet,
               const DependencySpec& dependency, Problems& problems) {
  const std::string callee(dependency.callee->info->name);
  if (!dependency.url.empty()) {
    CheckUrl(chain, chainlet, dependency, problems);
  } else if (!dependency.url_secret.empty()) {
    problems.Add(chainlet, kKind,
                 Text("url_secret of ", callee, " is ", dependency.url_secret,
                      ", and there is no url to send it to; give one, or leave it out"));
  } else if (chain.Find(callee) == nullptr) {
    problems.Add(chainlet, kKind,
                 Text("it needs ", callee,
                      ", which the chain does not have; Add a class "
                      "that implements it, or chain.Declare<",
                      absl::StrReplaceAll(callee, {{".", "::"}}), ">()"));
  }
  CheckRange(chainlet, kKind, Text("attempts at ", callee), dependency.attempts, 1, kMostAttempts,
             problems);
  CheckRange(chainlet, kKind, Text("timeout of ", callee), dependency.timeout, kLeastTimeout,
             kMostTimeout, problems);
  CheckRange(chainlet, kKind, Text("max_in_flight of ", callee), dependency.max_in_flight, 1,
             kMostInFlight, problems);
  CheckBudget(chainlet, dependency, problems);
  if (dependency.attempts > 1) {
    CheckRepeatable(chainlet, dependency, Text(dependency.attempts, " attempts"),
                    "leave attempts at 1", problems);
  }
  CheckPolicies(chainlet, dependency, problems);
}

// Finds cycles as a depth-first search meets them, each as its chainlets in the order of calls.
class CycleSearch {
 public:
  explicit CycleSearch(const ChainSpec& chain) : chain_(chain) {}

  std::vector<std::vector<const ChainletSpec*>> Find() {
    for (const ChainletSpec& chainlet : chain_.chainlets) Visit(*chain_.Find(chainlet.name()));
    return std::move(cycles_);
  }

 private:
  void Visit(const ChainletSpec& chainlet) {
    const auto here = absl::c_find(path_, &chainlet);
    if (here != path_.end()) {
      cycles_.emplace_back(here, path_.end());
      return;
    }
    if (!visited_.insert(&chainlet).second) return;
    path_.push_back(&chainlet);
    for (const DependencySpec& dependency : chainlet.dependencies) {
      const ChainletSpec* callee = chain_.Find(dependency.callee->info->name);
      if (callee != nullptr && dependency.url.empty()) Visit(*callee);
    }
    path_.pop_back();
  }

  const ChainSpec& chain_;
  std::vector<const ChainletSpec*> path_;
  std::set<const ChainletSpec*> visited_;
  std::vector<std::vector<const ChainletSpec*>> cycles_;
};

}  // namespace

void CheckRepeatable(const ChainletSpec& chainlet, const DependencySpec& dependency,
                     const std::string& what, const std::string& or_else, Problems& problems) {
  const ServiceInfo& callee = *dependency.callee->info;
  const std::string file(callee.proto_file);
  std::vector<std::string> unary;
  for (const Method& method : callee.methods) {
    if (method.kind != MethodKind::kUnary) continue;
    if (method.idempotent) return;
    unary.push_back(Text(file, ":", method.line, " (", method.name, ")"));
  }
  const std::string never = Text(what, " at ", callee.name, " would never be made: ");
  if (unary.empty()) {
    problems.Add(chainlet, kKind,
                 Text(never, "it has no unary methods (", file, ":", callee.line,
                      "), and a stream is not repeated; ", or_else));
    return;
  }
  problems.Add(chainlet, kKind,
               Text(never,
                    "none of its unary methods may be repeated; add `option "
                    "idempotency_level = IDEMPOTENT;` at ",
                    absl::StrJoin(unary, ", "), " where repeating does no harm, or ", or_else));
}

void CheckDependencies(const ChainSpec& chain, const ChainletSpec& chainlet, Problems& problems) {
  std::map<std::string, int> times;
  for (const DependencySpec& dependency : chainlet.dependencies) {
    const std::string callee(dependency.callee->info->name);
    if (++times[callee] == 1) CheckCall(chain, chainlet, dependency, problems);
  }
  for (const auto& [callee, count] : times) {
    if (count == 1) continue;
    problems.Add(
        chainlet, kKind,
        Text("it needs ", callee, " ", count, " times; list it once, one reference is enough"));
  }
}

void CheckCycles(const ChainSpec& chain, Problems& problems) {
  for (const std::vector<const ChainletSpec*>& cycle : CycleSearch(chain).Find()) {
    std::string text;
    for (const ChainletSpec* chainlet : cycle) {
      text += Text(chainlet->name(), " (", PlaceText(chainlet->where), ") → ");
    }
    problems.Add(*cycle.front(), "cycle",
                 Text(text, cycle.front()->name(),
                      ": none of them can be built before the others; remove one of these "
                      "dependencies"));
  }
}

}  // namespace chains::internal
