#include "deploy/cli/kubernetes/plan.h"

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/commands/building.h"
#include "deploy/cli/kubernetes/cluster.h"
#include "deploy/cli/kubernetes/live_deployment.h"
#include "deploy/cli/kubernetes/object_diff.h"
#include "deploy/cli/kubernetes/planned_objects.h"
#include "deploy/cli/kubernetes/reach.h"

namespace chains::deploy::cli {
namespace {

constexpr int kDiffers = 1;
constexpr int kUnknown = 2;
// The platform's own, so that a dry run decides as its apply would.
constexpr char kPlannedBy[] = "chains-platform";

absl::StatusOr<ClusterSettings> SettingsFrom(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::InvalidArgumentError(Text("--settings: cannot read the file ", path));
  }
  absl::StatusOr<ClusterSettings> settings = ParseClusterSettings(text.str());
  if (settings.ok()) return settings;
  return absl::Status(settings.status().code(), Text(path, ": ", MessageOf(settings.status())));
}

absl::StatusOr<FleetDeployment> BuildPlan(Session& session, const PushFlags& flags) {
  const absl::StatusOr<BuiltChain> chain = BuildAndCollect(session, flags.path, flags.verbose);
  if (!chain.ok()) return chain.status();
  const absl::StatusOr<v1::DeployRequest> request = MakeDeployRequest(flags, chain->bundle);
  if (!request.ok()) return request.status();
  return PlanDeployment(*request);
}

absl::StatusOr<std::vector<Json>> Plan(Session& session, const PushFlags& flags) {
  absl::StatusOr<ClusterSettings> settings = ClusterSettings();
  if (!flags.settings.empty()) settings = SettingsFrom(flags.settings);
  if (!settings.ok()) return settings.status();
  const absl::StatusOr<FleetDeployment> planned = BuildPlan(session, flags);
  if (!planned.ok()) return planned.status();
  return PlannedObjects(*planned, *settings, {});
}

// Prints what differs; answers how many objects do.
absl::StatusOr<int> PrintDifferences(Session& session, Cluster& cluster,
                                     const std::vector<Json>& planned, const LiveDeployment& live) {
  int differing = 0;
  const auto print = [&](const Json& before, const Json& after) {
    const std::string text = ObjectDiff(before, after);
    differing += text.empty() ? 0 : 1;
    session.out() << text << std::flush;
  };
  for (const Json& object : planned) {
    const absl::StatusOr<Json> before = GetIfThere(cluster, object);
    if (!before.ok()) return before.status();
    const absl::StatusOr<Json> after = cluster.Run([&](ApiClient& api) {
      return api.Apply(object, ApplyOptions{.force = true, .dry_run = true});
    });
    if (!after.ok()) return after.status();
    print(*before, *after);
  }
  for (const Json& object : live.objects) {
    if (!Contains(planned, object)) print(object, Json());
  }
  return differing;
}

absl::StatusOr<int> Diff(Session& session, const PushFlags& flags) {
  const absl::StatusOr<ClusterAccess> access = AccessOf(session, flags.to, flags.access);
  if (!access.ok()) return access.status();
  absl::StatusOr<FleetDeployment> planned = BuildPlan(session, flags);
  if (!planned.ok()) return planned.status();
  const absl::StatusOr<std::unique_ptr<Cluster>> cluster =
      session.world().open_cluster(*access, kPlannedBy);
  if (!cluster.ok()) return cluster.status();
  const absl::StatusOr<ClusterSettings> settings =
      flags.settings.empty() ? SettingsOf(**cluster) : SettingsFrom(flags.settings);
  if (!settings.ok()) return settings.status();
  absl::StatusOr<LiveDeployment> live = FindLive(**cluster, *planned);
  if (!live.ok()) return live.status();
  if (live->id.empty()) {
    session.Note(Text("the cluster has no such deployment of ", planned->chain, ": all is new"));
  } else {
    session.Note(Text("compared with ", planned->chain, " ", live->id));
    planned->id = live->id;
    planned->token = live->token;
  }
  const absl::StatusOr<std::vector<Json>> objects = PlannedObjects(*planned, *settings, live->over);
  if (!objects.ok()) return objects.status();
  return PrintDifferences(session, **cluster, *objects, *live);
}

}  // namespace

int PrintPlan(Session& session, const PushFlags& flags) {
  const absl::StatusOr<std::vector<Json>> objects = Plan(session, flags);
  if (!objects.ok()) return session.Fail(objects.status());
  if (session.json()) {
    for (const Json& object : *objects) session.out() << ToText(object) << "\n";
  } else {
    session.out() << ToYaml(Json(*objects));
  }
  return kDone;
}

int DiffPlan(Session& session, const PushFlags& flags) {
  const absl::StatusOr<int> differing = Diff(session, flags);
  if (!differing.ok()) {
    session.Fail(differing.status());
    return kUnknown;
  }
  session.Note(*differing == 0 ? std::string("nothing would change")
                               : Text(*differing, " objects would change"));
  return *differing == 0 ? kDone : kDiffers;
}

}  // namespace chains::deploy::cli
