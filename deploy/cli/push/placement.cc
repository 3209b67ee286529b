#include "deploy/cli/push/placement.h"

#include <set>

#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::deploy::cli {
namespace {

bool IsCalled(const v1::Chainlet& chainlet, const std::string& name) {
  return chainlet.name() == name || chainlet.display_name() == name ||
         chainlet.name().substr(chainlet.name().rfind('.') + 1) == name;
}

absl::StatusOr<std::string> FullName(const v1::Manifest& manifest, const std::string& name) {
  std::vector<std::string> known;
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    if (IsCalled(chainlet, name)) return chainlet.name();
    known.push_back(chainlet.name());
  }
  return absl::InvalidArgumentError(
      Text("--group: no chainlet is called '", name, "', only ", absl::StrJoin(known, ", ")));
}

}  // namespace

absl::Status SetPlacement(const std::string& mode, const std::vector<std::string>& groups,
                          v1::DeployRequest& request) {
  if ((mode == "groups") != !groups.empty()) {
    return absl::InvalidArgumentError(
        "--placement groups and --group A,B belong together: one --group for each process");
  }
  request.set_placement(mode == "together" ? v1::PLACEMENT_TOGETHER
                        : mode == "groups" ? v1::PLACEMENT_GROUPS
                                           : v1::PLACEMENT_SEPARATE);
  std::set<std::string> placed;
  for (const std::string& group : groups) {
    v1::PlacementGroup& out = *request.add_groups();
    for (const std::string& name : std::vector<std::string>(absl::StrSplit(group, ','))) {
      absl::StatusOr<std::string> full = FullName(request.bundle().manifest(), name);
      if (!full.ok()) return full.status();
      if (!placed.insert(*full).second) {
        return absl::InvalidArgumentError(Text("--group: ", *full, " is in it twice"));
      }
      out.add_chainlets(*full);
    }
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy::cli
