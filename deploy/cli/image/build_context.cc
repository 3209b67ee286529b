#include "deploy/cli/image/build_context.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "deploy/fleets/kubernetes/pod_template.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kShort = 12;

// The agent, with all libraries but glibc's, started by the loader, so that no variable that says
// where they are is handed on to what it starts.
constexpr char kAgentStage[] = R"docker(RUN mkdir -p /agent/lib \
 && cp "$(command -v chains-agent)" /agent/chains-agent \
 && ldd /agent/chains-agent | awk '$2 == "=>" { print $3 }' \
    | grep -Ev '/(libc|libm|libdl|librt|libpthread|libresolv)\.so' | xargs -I{} cp {} /agent/lib/ \
 && loader="$(ldd /agent/chains-agent | awk '/ld-linux/ { print $1 }')" \
 && printf '#!/bin/sh\nexec %s --library-path /opt/chains/agent/lib %s "$@"\n' \
      "$loader" /opt/chains/agent/chains-agent > /agent/run \
 && chmod 755 /agent/run
)docker";

std::string InstallPackages(const std::vector<std::string>& packages) {
  if (packages.empty()) return "";
  return Text(
      "RUN apt-get update \\\n && DEBIAN_FRONTEND=noninteractive apt-get install -y "
      "--no-install-recommends \\\n      ",
      absl::StrJoin(packages, " "), " \\\n && rm -rf /var/lib/apt/lists/*\n");
}

// Of an image's name: lower case, digits and '-'.
std::string NamePart(const std::string& text) {
  std::string part;
  for (const char c : text) {
    const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0;
    part += fits ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '-';
  }
  return part;
}

bool HasDeclared(const FleetUnit& unit) {
  return !unit.base_image.empty() || !unit.system_packages.empty();
}

ImagePlan PlanOf(const FleetDeployment& deployment, const FleetUnit& unit,
                 const ClusterSettings& settings, bool baked) {
  ImagePlan plan{.chainlets = unit.chainlets,
                 .base = unit.base_image,
                 .replica = GpuOf(unit, settings) == nullptr ? settings.image : settings.gpu_image,
                 .packages = unit.system_packages,
                 .baked = baked};
  std::sort(plan.packages.begin(), plan.packages.end());
  if (HasDeclared(unit)) plan.key = ImageKey(unit.base_image, unit.system_packages);
  const std::string what =
      Hex(Sha256Of(Text(plan.key, "\n", plan.base, "\n", plan.replica, "\n",
                        absl::StrJoin(plan.packages, "\n"), "\n", baked ? deployment.bundle : "")));
  plan.tag = Text("chains/", NamePart(deployment.chain),
                  baked ? "-baked:" : "-packages:", what.substr(0, kShort));
  return plan;
}

}  // namespace

std::vector<ImagePlan> PlanImages(const FleetDeployment& deployment,
                                  const ClusterSettings& settings, bool baked) {
  std::vector<ImagePlan> plans;
  for (const FleetUnit& unit : deployment.units) {
    if (!baked && !HasDeclared(unit)) continue;
    ImagePlan plan = PlanOf(deployment, unit, settings, baked);
    const auto same = std::find_if(plans.begin(), plans.end(),
                                   [&](const ImagePlan& each) { return each.tag == plan.tag; });
    if (same == plans.end()) {
      plans.push_back(std::move(plan));
    } else {
      same->chainlets.insert(same->chainlets.end(), unit.chainlets.begin(), unit.chainlets.end());
    }
  }
  return plans;
}

std::string Dockerfile(const ImagePlan& plan) {
  std::string text =
      Text("# Written by chains image, for ", absl::StrJoin(plan.chainlets, ", "), ".\n");
  if (plan.base.empty()) {
    text += Text("FROM ", plan.replica, "\nUSER root\n", InstallPackages(plan.packages));
  } else {
    text += Text("FROM ", plan.replica, " AS replica\nUSER root\n", kAgentStage, "\nFROM ",
                 plan.base, "\nUSER root\n", InstallPackages(plan.packages),
                 "COPY --from=replica /agent/ /opt/chains/agent/\n"
                 "RUN ln -s /opt/chains/agent/run /usr/local/bin/chains-agent\n"
                 "ENV HOME=/var/lib/chains\n");
  }
  if (plan.baked) text += Text("COPY bundles/ ", kSeedFolder, "/\n");
  text += "USER 65532:65532\n";
  if (!plan.base.empty()) text += "ENTRYPOINT [\"chains-agent\"]\n";
  return text;
}

std::string SeedPath(const v1::BundleFile& file) {
  const std::string digest = Hex(file.sha256());
  return Text("bundles/", digest.substr(0, 2), "/", digest.substr(2));
}

}  // namespace chains::deploy::cli
