#include "chains/chain/assembly.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "chains/chain/log.h"
#include "chains/chain/soft_channel.h"
#include "chains/core/text.h"

namespace chains::internal {
namespace {

// What the chainlet declares of what the process has.
DeploymentContext ContextFor(const ChainletSpec& chainlet,
                             const DeploymentContext::Contents& process) {
  DeploymentContext::Contents own;
  own.environment = process.environment;
  own.data_dir = process.data_dir;
  own.variables = chainlet.settings.variables;
  for (auto& [name, value] : own.variables) {
    auto given = process.variables.find(name);
    if (given != process.variables.end()) value = given->second;
  }
  for (const std::string& name : chainlet.settings.secrets) {
    auto given = process.secret_files.find(name);
    if (given != process.secret_files.end()) own.secret_files.insert(*given);
  }
  for (const Asset& asset : chainlet.settings.assets) {
    auto given = process.assets.find(asset.name);
    own.assets[asset.name] = given != process.assets.end() ? given->second : asset.source;
  }
  own.gpu = {.module = chainlet.resources.gpu_module,
             .type = chainlet.resources.gpu,
             .count = chainlet.resources.gpu_count};
  own.gpu_optional = chainlet.resources.gpu_optional;
  return DeploymentContext(std::move(own));
}

// A chainlet that cannot do without its GPU does not start without it, whatever its constructor
// does.
absl::Status CheckGpu(const ChainletSpec& chainlet, const DeploymentContext& context) {
  if (chainlet.resources.gpu_module.empty() || chainlet.resources.gpu_optional) {
    return absl::OkStatus();
  }
  return context.Gpu().status();
}

// A chainlet on trial counts what it would have refused.
LateCalls LateCallsOf(const Limits& limits) {
  const bool on_trial = limits.dry_run && limits.late_calls == LateCalls::kRefuse;
  return on_trial ? LateCalls::kCount : limits.late_calls;
}

absl::Status NotBuilt(const ChainletSpec& chainlet, const absl::Status& why) {
  return absl::Status(why.code(), Text(chainlet.name(), " could not be built: ", why.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Assembly>> Assembly::Build(const ChainSpec& chain, Options options,
                                                          Counters& counters) {
  std::unique_ptr<Assembly> assembly(new Assembly(chain, std::move(options), counters));
  for (const ChainletSpec& chainlet : chain.chainlets) {
    if (!assembly->IsLocal(chainlet.name())) continue;
    absl::StatusOr<Node*> made = assembly->Make(chainlet);
    if (!made.ok()) return made.status();
  }
  for (const Node* node : assembly->built_order_) assembly->service_.Merge(*node->service);
  return assembly;
}

// Callers before the chainlets that they call.
Assembly::~Assembly() {
  service_ = Service();
  for (auto node = built_order_.rbegin(); node != built_order_.rend(); ++node) {
    (*node)->service.reset();
    (*node)->guarded.reset();
    (*node)->edge.reset();
    (*node)->built = Built();
  }
}

bool Assembly::IsLocal(std::string_view contract) const {
  if (options_.fakes.contains(contract)) return true;
  if (options_.local.empty()) return chain_.Find(contract)->build != nullptr;
  return std::find(options_.local.begin(), options_.local.end(), contract) != options_.local.end();
}

void* Assembly::Find(std::string_view contract) const {
  auto found = nodes_.find(contract);
  return found == nodes_.end() ? nullptr : found->second.guarded.get();
}

int Assembly::ShareOf(int limit) const { return std::max(1, limit / options_.share); }
AdaptiveLimit Assembly::ShareOf(AdaptiveLimit limit) const {
  limit.min = ShareOf(limit.min);
  if (limit.max > 0) limit.max = ShareOf(limit.max);
  return limit;
}

absl::StatusOr<Assembly::Node*> Assembly::Make(const ChainletSpec& chainlet) {
  auto found = nodes_.find(chainlet.name());
  if (found != nodes_.end()) return &found->second;

  absl::StatusOr<Built> built = MakeObject(chainlet);
  if (!built.ok()) return built.status();
  Node& node = nodes_[std::string(chainlet.name())];
  node.built = *std::move(built);
  node.edge = std::make_unique<CalleeEdge>(
      CalleeEdge::Options{.chainlet = std::string(chainlet.name()),
                          .replica = options_.replica,
                          .concurrency_limit = ShareOf(chainlet.limits.concurrency_limit),
                          .max_queued = ShareOf(QueueOf(chain_, chainlet)),
                          .late_calls = LateCallsOf(chainlet.limits),
                          .adaptive = ShareOf(chainlet.limits.adaptive),
                          .dry_run = chainlet.limits.dry_run},
      counters_);
  node.guarded = chainlet.contract->guard(node.built.chainlet, *node.edge);
  node.service = std::make_unique<Service>(chainlet.contract->serve(node.guarded.get()));
  if (node.built.healthy) {
    health_hooks_.push_back({std::string(chainlet.name()), node.built.healthy});
  }
  built_order_.push_back(&node);
  return &node;
}

absl::StatusOr<Built> Assembly::MakeObject(const ChainletSpec& chainlet) {
  auto fake = options_.fakes.find(chainlet.name());
  if (fake != options_.fakes.end()) {
    return Built{.owner = nullptr, .chainlet = fake->second, .healthy = nullptr};
  }
  if (chainlet.build == nullptr) {
    return absl::FailedPreconditionError(
        Text(chainlet.name(),
             " is declared without an implementation: it runs elsewhere, or needs a fake"));
  }
  std::vector<void*> dependencies;
  for (const DependencySpec& dependency : chainlet.dependencies) {
    absl::StatusOr<void*> link = MakeLink(chainlet, dependency);
    if (!link.ok()) return link.status();
    dependencies.push_back(*link);
  }
  const DeploymentContext context = ContextFor(chainlet, options_.context);
  if (absl::Status gpu = CheckGpu(chainlet, context); !gpu.ok()) return NotBuilt(chainlet, gpu);
  absl::StatusOr<Built> built;
  try {
    const BuildingFor building(counters_.AddBatches(chainlet.name()));
    built = chainlet.build(dependencies, context);
  } catch (const std::exception& e) {
    built = absl::InternalError(Text("its constructor threw: ", e.what()));
  } catch (...) {
    built = absl::InternalError("its constructor threw something unknown");
  }
  if (!built.ok()) return NotBuilt(chainlet, built.status());
  return built;
}

Caller Assembly::CallerOf(const ChainletSpec& caller, const DependencySpec& dependency,
                          Link& link) {
  return {.name = caller.name(),
          .budget = link.edge->budget(),
          .counters = counters_.AddEdge(caller.name(), dependency.callee->info->name)};
}

bool Assembly::IsHere(const DependencySpec& dependency) const {
  const std::string_view name = dependency.callee->info->name;
  return options_.fakes.contains(name) || (dependency.url.empty() && IsLocal(name));
}

absl::StatusOr<void*> Assembly::Reach(const ChainletSpec& caller, const DependencySpec& dependency,
                                      Link& link) {
  const std::string_view name = dependency.callee->info->name;
  if (IsHere(dependency)) {
    absl::StatusOr<Node*> callee = Make(*chain_.Find(name));
    if (!callee.ok()) return callee.status();
    if (options_.local_calls == LocalCalls::kDirect && options_.ways_out.wrap_way == nullptr) {
      return (*callee)->guarded.get();
    }
    auto loopback = std::make_unique<LoopbackChannel>(*(*callee)->service);
    link.channel = StackOver(Wrapped(options_.ways_out.wrap_way, name, std::move(loopback)),
                             CallerOf(caller, dependency, link), dependency);
    return nullptr;
  }
  absl::StatusOr<std::unique_ptr<Channel>> channel =
      ConnectDependency(CallerOf(caller, dependency, link), dependency,
                        ContextFor(caller, options_.context), options_.ways_out);
  if (!channel.ok() && dependency.soft) {
    Log(Context(), Severity::kWarning,
        Text(caller.name(), " does without ", name, ": ", channel.status().message()));
    link.channel = std::make_unique<AbsentChannel>(channel.status());
    return nullptr;
  }
  if (!channel.ok()) {
    return absl::Status(channel.status().code(),
                        Text(caller.name(), " needs ", name, ": ", channel.status().message()));
  }
  link.channel = *std::move(channel);
  return nullptr;
}

absl::StatusOr<void*> Assembly::MakeLink(const ChainletSpec& caller,
                                         const DependencySpec& dependency) {
  const std::string_view name = dependency.callee->info->name;
  auto link = std::make_unique<Link>();
  auto measures = [this, &caller, remote = !IsHere(dependency)](const Method& method) {
    return &counters_.AddCalls(caller.name(), method, remote);
  };
  link->edge = std::make_unique<CallerEdge>(
      CallerEdge::Options{.callee = std::string(name),
                          .attempts = dependency.attempts,
                          .timeout = dependency.timeout,
                          .max_in_flight = ShareOf(dependency.max_in_flight),
                          .budget = dependency.retry_budget,
                          .budget_is_shared = dependency.hedging.on,
                          .measures = std::move(measures)});
  absl::StatusOr<void*> reached = Reach(caller, dependency, *link);
  if (!reached.ok()) return reached.status();
  void* target = *reached;
  if (link->channel) {
    link->stub = dependency.callee->connect(*link->channel);
    target = link->stub.get();
  }
  link->guarded = dependency.callee->guard(target, *link->edge);
  links_.push_back(std::move(link));
  return links_.back()->guarded.get();
}

}  // namespace chains::internal
