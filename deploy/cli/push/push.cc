#include "deploy/cli/push/push.h"

#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/push/placement.h"

namespace chains::deploy::cli {
absl::StatusOr<v1::DeployRequest> MakeDeployRequest(const PushFlags& flags,
                                                    const v1::Bundle& bundle) {
  v1::DeployRequest request;
  *request.mutable_bundle() = bundle;
  request.set_name(flags.name);
  request.set_development(flags.development || flags.watch);
  request.set_environment(flags.promote ? "production" : flags.environment);
  request.set_breaking(flags.breaking);
  request.set_replace(flags.replace);
  const absl::Status placed = SetPlacement(flags.placement, flags.groups, request);
  if (!placed.ok()) return placed;
  return request;
}

std::string ProblemOf(const PushFlags& flags) {
  const bool development = flags.development || flags.watch;
  if (flags.promote && !flags.environment.empty()) {
    return "--promote is for production; with --environment leave it off";
  }
  if (development && (flags.promote || !flags.environment.empty())) {
    return "a development deployment is not promoted: leave off --promote and --environment, or "
           "--development and --watch";
  }
  if (flags.watch && flags.no_wait) return "--watch waits: leave off --no-wait";
  if (flags.dry_run || flags.diff) {
    if (flags.to.empty()) return "--dry-run and --diff are about a cluster: add --to kubernetes";
    if (flags.dry_run && flags.diff) return "choose --dry-run or --diff, not both";
    if (flags.watch) return "--watch pushes: leave off --dry-run and --diff";
  }
  if ((flags.placement == "groups") != !flags.groups.empty()) {
    return "--placement groups and --group A,B belong together: one --group for each process";
  }
  return "";
}

absl::Status Push::Run(const BuiltChain& chain, const Hooks& hooks) {
  absl::StatusOr<v1::DeployRequest> request = MakeDeployRequest(flags_, chain.bundle);
  if (!request.ok()) return request.status();
  const auto progress = [&hooks](uint64_t sent, uint64_t total) {
    if (hooks.on_upload != nullptr) hooks.on_upload(sent, total);
  };
  const absl::StatusOr<Uploaded> uploaded = UploadMissing(platform_, chain, progress, hooks.stop);
  if (!uploaded.ok()) return uploaded.status();
  if (hooks.on_uploaded != nullptr) hooks.on_uploaded(*uploaded);
  return Deploy(*std::move(request), hooks);
}

absl::Status Push::Deploy(v1::DeployRequest request, const Hooks& hooks) {
  const absl::Status end = platform_.Each<v1::DeployRequest, v1::DeployEvent>(
      &v1::Platform::Deploy, std::move(request),
      [&](v1::DeployEvent event) {
        last_ = std::move(event);
        if (hooks.on_event != nullptr) hooks.on_event(last_);
        return !(flags_.no_wait && !last_.deployment().id().empty());
      },
      {.timeout = flags_.timeout, .stop = hooks.stop});
  if (absl::IsDeadlineExceeded(end) && last_.deployment().id().empty() && !last_.note().empty()) {
    return absl::DeadlineExceededError(Text("after ", absl::FormatDuration(flags_.timeout),
                                            " the platform was still ", last_.note(),
                                            "; push again with a longer --timeout"));
  }
  if (absl::IsDeadlineExceeded(end)) {
    return absl::DeadlineExceededError(Text(
        last_.deployment().id().empty() ? std::string("the deployment") : last_.deployment().id(),
        " is not live after ", absl::FormatDuration(flags_.timeout),
        "; the platform goes on: chains status shows how far it is"));
  }
  if (end.ok() && !last_.live() && !flags_.no_wait) {
    return absl::InternalError("the platform stopped telling before the deployment was live");
  }
  return end;
}

}  // namespace chains::deploy::cli
