#include "deploy/cli/image/image.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/bundle/child.h"
#include "deploy/bundle/files.h"
#include "deploy/cli/commands/building.h"
#include "deploy/cli/image/build_context.h"
#include "deploy/cli/kubernetes/overlay.h"
#include "deploy/cli/kubernetes/planned_objects.h"
#include "deploy/cli/push/push.h"
#include "deploy/cli/terminal/progress.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kBuildPatience = absl::Hours(1);
constexpr size_t kMostSettings = 1 << 20;

struct Flags {
  PushFlags push = {};  // path, placement, groups, settings
  std::string chainlet = {};
  bool baked = false;
  std::string tag = {};
  bool push_image = false;
  std::string engine = {};
  std::string output = {};  // where the build context is kept
  std::vector<std::string> build_options = {};
  bool set = false;  // write the entries into the settings
};

absl::StatusOr<ClusterSettings> SettingsFrom(const std::string& path) {
  if (path.empty()) return ClusterSettings();
  const absl::StatusOr<std::string> text = ReadFile(path, kMostSettings);
  if (!text.ok()) return text.status();
  absl::StatusOr<ClusterSettings> settings = ParseClusterSettings(*text);
  if (settings.ok()) return settings;
  return absl::Status(settings.status().code(), Text(path, ": ", MessageOf(settings.status())));
}

// Empty: none is installed.
std::string EngineOf(const Flags& flags) {
  if (!flags.engine.empty()) return flags.engine;
  for (const char* const engine : {"docker", "podman"}) {
    if (IsProgramInPath(engine)) return engine;
  }
  return "";
}

absl::Status WriteContext(const fs::path& folder, const ImagePlan& plan, const BuiltChain& chain) {
  if (absl::Status written = WriteText(folder / "Dockerfile", Dockerfile(plan)); !written.ok()) {
    return written;
  }
  if (!plan.baked) return absl::OkStatus();
  for (const v1::BundleFile& file : chain.bundle.files()) {
    const fs::path to = folder / SeedPath(file);
    const auto from = chain.files.find(file.path());
    if (from == chain.files.end()) continue;  // an asset that the platform fetches
    std::error_code error;
    fs::create_directories(to.parent_path(), error);
    fs::copy_file(from->second, to, fs::copy_options::skip_existing, error);
    // Whoever runs it may read it.
    if (!error) {
      fs::permissions(to, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read,
                      error);
    }
    if (error) return absl::FailedPreconditionError(Text("cannot write ", to.string()));
  }
  return absl::OkStatus();
}

std::vector<std::string> BuildCommand(const std::string& engine, const Flags& flags,
                                      const std::string& tag, const fs::path& folder) {
  std::vector<std::string> command = {engine, "build", "--tag", tag};
  command.insert(command.end(), flags.build_options.begin(), flags.build_options.end());
  command.push_back(folder.string());
  return command;
}

absl::Status RunEngine(Session& session, std::vector<std::string> command, bool verbose) {
  Progress progress(session.terminal());
  const std::string what = absl::StrJoin(command, " ");
  Spinner spinner(progress, session.terminal(), Safe(what));
  const absl::StatusOr<ChildResult> result =
      session.world().run_child({.arguments = std::move(command),
                                 .timeout = kBuildPatience,
                                 .on_line = [&](std::string_view line) {
                                   if (verbose) progress.Line(Safe(line));
                                   spinner.SetText(Safe(line));
                                 }});
  if (!result.ok()) return result.status();
  if (result->ok()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Text(what, " ", result->HowItEnded(), ":\n", LastLines(result->output + result->errors, 30)));
}

// {"images": {"own": {KEY: TAG}}}, or of a baked image without packages {"images": {"cpu": TAG}}:
// it is the ordinary image, with files in it that pods need not fetch.
Json EntryOf(const ImagePlan& plan, const ClusterSettings& settings) {
  Json images = Json::object();
  if (!plan.key.empty()) {
    images["own"][plan.key] = plan.tag;
  } else {
    images[plan.replica == settings.gpu_image ? "gpu" : "cpu"] = plan.tag;
  }
  return {{"images", std::move(images)}};
}

absl::Status SetInSettings(const std::string& path, const Json& entries) {
  const absl::StatusOr<std::string> text = ReadFile(path, kMostSettings);
  if (!text.ok()) return text.status();
  absl::StatusOr<Json> settings = ParseObject(*text);
  if (!settings.ok()) return settings.status();
  settings->merge_patch(entries);
  return WriteText(path, settings->dump(2) + "\n");
}

bool Runs(const ImagePlan& plan, const std::string& chainlet) {
  return std::any_of(plan.chainlets.begin(), plan.chainlets.end(), [&](const std::string& name) {
    return name == chainlet || name.substr(name.rfind('.') + 1) == chainlet;
  });
}

struct Planned {
  BuiltChain chain;
  ClusterSettings settings;
  std::vector<ImagePlan> images;
};

absl::StatusOr<Planned> Plan(Session& session, const Flags& flags) {
  absl::StatusOr<ClusterSettings> settings = SettingsFrom(flags.push.settings);
  if (!settings.ok()) return settings.status();
  absl::StatusOr<BuiltChain> chain = BuildAndCollect(session, flags.push.path, flags.push.verbose);
  if (!chain.ok()) return chain.status();
  const absl::StatusOr<v1::DeployRequest> request = MakeDeployRequest(flags.push, chain->bundle);
  if (!request.ok()) return request.status();
  const absl::StatusOr<FleetDeployment> deployment = PlanDeployment(*request);
  if (!deployment.ok()) return deployment.status();
  std::vector<ImagePlan> images = PlanImages(*deployment, *settings, flags.baked);
  if (!flags.chainlet.empty()) {
    std::erase_if(images, [&](const ImagePlan& plan) { return !Runs(plan, flags.chainlet); });
  }
  if (!flags.tag.empty() && images.size() > 1) {
    return absl::InvalidArgumentError(
        Text("--tag: there are ", images.size(), " images; choose one with --chainlet"));
  }
  if (!flags.tag.empty() && !images.empty()) images[0].tag = flags.tag;
  return Planned{
      .chain = *std::move(chain), .settings = *std::move(settings), .images = std::move(images)};
}

// Builds it where there is an engine; else says what to run.
absl::Status Make(Session& session, const Flags& flags, const ImagePlan& plan,
                  const BuiltChain& chain) {
  const std::string engine = EngineOf(flags);
  std::optional<ScratchFolder> scratch;
  fs::path folder = flags.output;
  if (folder.empty() && engine.empty()) folder = "chains-image";
  if (folder.empty()) {
    absl::StatusOr<ScratchFolder> made = ScratchFolder::Make();
    if (!made.ok()) return made.status();
    folder = scratch.emplace(*std::move(made)).path();
  } else {
    folder /= plan.tag.substr(plan.tag.rfind('/') + 1);
  }
  if (absl::Status written = WriteContext(folder, plan, chain); !written.ok()) return written;
  if (engine.empty()) {
    session.Note(Text("no container engine is here; where one is, run:\n  ",
                      absl::StrJoin(BuildCommand("docker", flags, plan.tag, folder), " "),
                      "\n  docker push ", plan.tag));
    return absl::OkStatus();
  }
  absl::Status end =
      RunEngine(session, BuildCommand(engine, flags, plan.tag, folder), flags.push.verbose);
  if (end.ok() && flags.push_image) {
    end = RunEngine(session, {engine, "push", plan.tag}, flags.push.verbose);
  }
  if (end.ok()) session.Note(Text("built ", Safe(plan.tag)));
  return end;
}

int MakeImages(Session& session, const Flags& flags) {
  if (flags.set && flags.push.settings.empty()) {
    return session.Usage("--set writes to a file: name it with --settings");
  }
  const absl::StatusOr<Planned> planned = Plan(session, flags);
  if (!planned.ok()) return session.Fail(planned.status());
  if (planned->images.empty()) {
    session.Note(
        "no chainlet declares system packages or a base image: the replicas' own images "
        "do (--baked makes some that have the bundle)");
    return kDone;
  }
  Json entries = Json::object();
  for (const ImagePlan& plan : planned->images) {
    if (absl::Status made = Make(session, flags, plan, planned->chain); !made.ok()) {
      return session.Fail(made);
    }
    entries.merge_patch(EntryOf(plan, planned->settings));
  }
  if (flags.set) {
    if (absl::Status kept = SetInSettings(flags.push.settings, entries); !kept.ok()) {
      return session.Fail(kept);
    }
    session.Note(Text("set in ", flags.push.settings));
  } else {
    session.Note("for the cluster's settings (cluster.json):");
  }
  session.out() << (session.json() ? entries.dump() : entries.dump(2)) << "\n";
  return kDone;
}

}  // namespace

Command MakeImage() {
  auto flags = std::make_shared<Flags>();
  return {
      .name = "image",
      .summary = "images of a chain's own: with declared packages, or with the bundle in them",
      .group = "Chains",
      .examples = {"chains image chainlets/transcribe --settings cluster.json --set",
                   "chains image chainlets/hello --baked --tag registry.example/hello:1 --push"},
      .options =
          {{"DIR",
            "a chain's folder, or its program",
            &flags->push.path,
            {.required = true, .completes = Completes::kFiles}},
           {"--chainlet", "the image of this one alone", &flags->chainlet},
           {"--baked", "put the bundle's files in, so that pods fetch nothing", &flags->baked},
           {"--tag", "of the image (default: made up of what is in it)", &flags->tag},
           {"--push", "push it to its registry, once it is built", &flags->push_image},
           {"--engine", "docker or podman (default: what is here)", &flags->engine},
           {"--build-option", "passed on to the engine's build; may be repeated",
            &flags->build_options},
           {"--output",
            "keep what it is built from in this folder",
            &flags->output,
            {.completes = Completes::kFolders}},
           {"--settings",
            "the cluster's settings: of which images it is made",
            &flags->push.settings,
            {.completes = Completes::kFiles}},
           {"--set", "write the new entries into --settings", &flags->set},
           {"--placement",
            "as at push: which chainlets share a process",
            &flags->push.placement,
            {.choices = {"separate", "together", "groups"}}},
           {"--group", "chainlets that share one, as A,B; may be repeated", &flags->push.groups},
           {"--verbose,-v", "show what compiler and engine say, always", &flags->push.verbose}},
      .run = [flags](Session& session) { return MakeImages(session, *flags); }};
}

}  // namespace chains::deploy::cli
