#include "deploy/platform/revision.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "chains/chain/manifest.h"
#include "chains/core/text.h"
#include "deploy/autoscaler/settings.h"
#include "deploy/bundle/digest.h"
#include "deploy/bundle/gpu_module.h"

namespace chains::deploy {
namespace {

using chains::internal::SerializeInOrder;

// What a running process depends on. Where it was declared and how it scales, it does not.
v1::Chainlet SettingsOf(v1::Chainlet chainlet) {
  chainlet.clear_declared_at();
  chainlet.clear_display_name();
  chainlet.clear_autoscaling();
  for (v1::Method& method : *chainlet.mutable_methods()) method.clear_declared_at();
  return chainlet;
}

// Assets and the GPU module are files of the bundle; a new content is a new setting.
std::string AssetsOf(const v1::Bundle& bundle, const v1::Chainlet& chainlet) {
  std::string digests;
  if (const v1::BundleFile* const module = FindGpuModule(bundle, chainlet)) {
    digests += Text(module->path(), ":") + module->sha256();
  }
  for (const v1::Asset& asset : chainlet.assets()) {
    for (const v1::BundleFile& file : bundle.files()) {
      const std::string path = Text("assets/", asset.name());  // a file or a folder
      const bool inside = absl::StartsWith(file.path(), Text(path, "/"));
      if (file.path() == path || inside) digests += Text(file.path(), ":") + file.sha256();
    }
  }
  return digests;
}

std::string CodeOf(const v1::Bundle& bundle, const std::string& chainlet) {
  for (const v1::ChainletCode& code : bundle.code()) {
    if (code.chainlet() == chainlet) return code.sha256();
  }
  // Nobody says which code it links: all of the program.
  for (const v1::BundleFile& file : bundle.files()) {
    if (file.path() == bundle.program()) return file.sha256();
  }
  return "";
}

// What sums of it stay far from the largest number with.
constexpr int64_t kMostMemory = int64_t{1} << 50;
constexpr double kMostCpus = 100'000;
constexpr int kMostGpus = 10'000;

// A bundle may come from anybody with a key, whatever a chain's own program would have said.
absl::Status CheckChainlet(const v1::Chainlet& chainlet) {
  absl::Status resources = CheckResources(chainlet.name(), chainlet.resources());
  if (!resources.ok()) return resources;
  if (absl::Status valid = ValidateAutoscaling(chainlet.autoscaling()); !valid.ok()) {
    return absl::InvalidArgumentError(Text(chainlet.name(), ": ", MessageOf(valid)));
  }
  return absl::OkStatus();
}

absl::Status AddResources(const v1::Chainlet& chainlet, Unit& unit) {
  const v1::Resources& more = chainlet.resources();
  v1::Resources& sum = unit.resources;
  sum.set_cpus(sum.cpus() + more.cpus());
  sum.set_memory_bytes(sum.memory_bytes() + more.memory_bytes());
  if (more.gpu().empty()) return absl::OkStatus();
  if (!sum.gpu().empty() && sum.gpu() != more.gpu()) {
    return absl::InvalidArgumentError(Text("placement: ", chainlet.name(), " wants a GPU of type ",
                                           more.gpu(), ", others in its process ", sum.gpu(),
                                           "; put it into a process of its own"));
  }
  // All of them can do without, or none does.
  sum.set_gpu_optional(more.gpu_optional() && (sum.gpu().empty() || sum.gpu_optional()));
  sum.set_gpu(more.gpu());
  sum.set_gpu_count(sum.gpu_count() + more.gpu_count());
  return absl::OkStatus();
}

// By chainlet: which process it belongs to.
absl::StatusOr<std::map<std::string, size_t>> Grouped(const v1::Manifest& manifest,
                                                      const PlacementRequest& placement) {
  std::map<std::string, size_t> group_of;
  if (placement.mode == v1::PLACEMENT_TOGETHER) {
    for (const v1::Chainlet& chainlet : manifest.chainlets()) group_of[chainlet.name()] = 0;
    return group_of;
  }
  size_t next = 0;
  if (placement.mode == v1::PLACEMENT_GROUPS) {
    for (const v1::PlacementGroup& group : placement.groups) {
      for (const std::string& name : group.chainlets()) {
        absl::StatusOr<std::string> full = ResolveChainlet(manifest, name);
        if (!full.ok()) return full.status();
        if (!group_of.emplace(*full, next).second) {
          return absl::InvalidArgumentError(Text("placement: ", *full, " is in two groups"));
        }
      }
      ++next;
    }
  }
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    if (group_of.emplace(chainlet.name(), next).second) ++next;
  }
  return group_of;
}

std::string KeyOf(const v1::Bundle& bundle, const Unit& unit) {
  std::string all;
  for (const std::string& name : unit.chainlets) {
    for (const v1::Chainlet& chainlet : bundle.manifest().chainlets()) {
      if (chainlet.name() != name) continue;
      for (const std::string& part : {name, CodeOf(bundle, name), AssetsOf(bundle, chainlet),
                                      SerializeInOrder(SettingsOf(chainlet))}) {
        all += Text(part.size(), ":");
        all += part;
      }
    }
  }
  return Hex(Sha256Of(all)).substr(0, 16);
}

}  // namespace

absl::Status CheckResources(const std::string& chainlet, const v1::Resources& resources) {
  // NaN is in no range.
  const bool fits = resources.memory_bytes() >= 0 && resources.memory_bytes() <= kMostMemory &&
                    resources.cpus() >= 0 && resources.cpus() <= kMostCpus &&
                    resources.gpu_count() >= 0 && resources.gpu_count() <= kMostGpus;
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Text(chainlet, ": its resources are less than nothing, or more than there can be"));
}

const Unit* Revision::UnitOf(std::string_view chainlet) const {
  for (const Unit& unit : units) {
    if (std::find(unit.chainlets.begin(), unit.chainlets.end(), chainlet) != unit.chainlets.end()) {
      return &unit;
    }
  }
  return nullptr;
}

const Unit* Revision::Find(std::string_view key) const {
  for (const Unit& unit : units) {
    if (unit.key == key) return &unit;
  }
  return nullptr;
}

const v1::Chainlet* Revision::Chainlet(std::string_view name) const {
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    if (chainlet.name() == name) return &chainlet;
  }
  return nullptr;
}

std::vector<std::string> Revision::DependenciesOf(const Unit& unit) const {
  std::set<std::string> called;
  for (const std::string& name : unit.chainlets) {
    for (const v1::Dependency& dependency : Chainlet(name)->dependencies()) {
      if (dependency.url().empty()) called.insert(dependency.chainlet());
    }
  }
  for (const std::string& name : unit.chainlets) called.erase(name);
  return {called.begin(), called.end()};
}

namespace {

// What is reached from `name` without dependencies that callers can do without, or with them.
void Reach(const v1::Manifest& manifest, const std::string& name, bool also_softly,
           std::set<std::string>& reached) {
  if (!reached.insert(name).second) return;
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    if (chainlet.name() != name) continue;
    for (const v1::Dependency& dependency : chainlet.dependencies()) {
      if (!dependency.url().empty() || (dependency.soft() && !also_softly)) continue;
      Reach(manifest, dependency.chainlet(), also_softly, reached);
    }
  }
}

// Chainlets that the entrypoint can do without. What nobody calls is none of them: it is there for
// some reason.
std::set<std::string> DispensableIn(const v1::Manifest& manifest) {
  std::set<std::string> needed;
  std::set<std::string> all;
  Reach(manifest, manifest.entrypoint(), false, needed);
  Reach(manifest, manifest.entrypoint(), true, all);
  for (const std::string& name : needed) all.erase(name);
  return all;
}

// Declared, and called at a service elsewhere only, or by who can do without it.
bool IsLeftOut(const v1::Manifest& manifest, const v1::Chainlet& declared) {
  bool called = false;
  for (const v1::Chainlet& caller : manifest.chainlets()) {
    for (const v1::Dependency& dependency : caller.dependencies()) {
      if (dependency.chainlet() != declared.name()) continue;
      if (dependency.url().empty() && !dependency.soft()) return false;
      called = true;
    }
  }
  return called && declared.name() != manifest.entrypoint();
}

// What of `manifest` is deployed.
v1::Manifest Deployed(v1::Manifest manifest) {
  const v1::Manifest whole = manifest;
  manifest.clear_chainlets();
  for (const v1::Chainlet& chainlet : whole.chainlets()) {
    if (chainlet.implementation().empty() && IsLeftOut(whole, chainlet)) continue;
    *manifest.add_chainlets() = chainlet;
  }
  return manifest;
}

}  // namespace

absl::StatusOr<Revision> MakeRevision(const v1::Bundle& bundle, std::string digest, uint64_t number,
                                      const PlacementRequest& placement) {
  Revision revision{.number = number,
                    .bundle = std::move(digest),
                    .program = bundle.program(),
                    .manifest = Deployed(bundle.manifest()),
                    .descriptors = bundle.descriptors(),
                    .contract = Hex(Sha256Of(SerializeInOrder(bundle.descriptors()))),
                    .units = {}};
  absl::StatusOr<std::map<std::string, size_t>> group_of = Grouped(revision.manifest, placement);
  if (!group_of.ok()) return group_of.status();
  std::map<size_t, Unit> units;
  for (const v1::Chainlet& chainlet : revision.manifest.chainlets()) {
    if (chainlet.implementation().empty()) {
      return absl::FailedPreconditionError(Text(
          chainlet.name(), " is declared at ", chainlet.declared_at(),
          " but nothing implements it; add a chainlet for it (a fake is for local runs only)"));
    }
    if (absl::Status valid = CheckChainlet(chainlet); !valid.ok()) return valid;
    Unit& unit = units[(*group_of)[chainlet.name()]];
    unit.chainlets.push_back(chainlet.name());
    if (absl::Status added = AddResources(chainlet, unit); !added.ok()) return added;
  }
  const std::set<std::string> dispensable = DispensableIn(revision.manifest);
  for (auto& [group, unit] : units) {
    unit.key = KeyOf(bundle, unit);
    const bool is_dispensable =
        std::all_of(unit.chainlets.begin(), unit.chainlets.end(),
                    [&](const std::string& name) { return dispensable.contains(name); });
    if (is_dispensable) revision.dispensable.insert(unit.key);
    revision.units.push_back(std::move(unit));
  }
  if (revision.UnitOf(revision.manifest.entrypoint()) == nullptr) {
    return absl::InvalidArgumentError(
        Text("the manifest's entrypoint, '", revision.manifest.entrypoint(), "', is no chainlet"));
  }
  return revision;
}

absl::StatusOr<std::string> ResolveChainlet(const v1::Manifest& manifest, const std::string& name) {
  std::vector<std::string> known;
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    const std::string& full = chainlet.name();
    const std::string last = full.substr(full.rfind('.') + 1);
    if (name == full || name == last || name == chainlet.display_name()) return full;
    known.push_back(last);
  }
  return absl::NotFoundError(Text("the chain ", manifest.chain(), " has no chainlet '", name,
                                  "'; it has ", absl::StrJoin(known, ", ")));
}

}  // namespace chains::deploy
