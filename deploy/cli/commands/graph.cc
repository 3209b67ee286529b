// `graph`.
#include "deploy/cli/graph/graph.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/commands/building.h"
#include "deploy/cli/commands/local.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

struct GraphFlags {
  TargetFlags target = {};  // its chain may be a path
  std::string format = "text";
  std::string file = {};
};

absl::StatusOr<v1::Manifest> Deployed(Session& session, const TargetFlags& target) {
  absl::StatusOr<v1::DeploymentRequest> request = ToRequest(target);
  if (!request.ok()) return request.status();
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) {
    return absl::Status(platform.status().code(),
                        Text("there is no folder or program '", target.chain, "' here, and ",
                             MessageOf(platform.status())));
  }
  absl::StatusOr<v1::DeploymentResponse> response =
      (*platform)->Call(&v1::Platform::Status, *std::move(request));
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_deployment()->mutable_manifest());
}

absl::StatusOr<v1::Manifest> ManifestOf(Session& session, const TargetFlags& target) {
  const bool deployed = !target.environment.empty() || !target.deployment.empty();
  std::error_code none;
  if (deployed || !std::filesystem::exists(target.chain, none)) return Deployed(session, target);
  absl::StatusOr<std::unique_ptr<ChainSource>> source = OpenAndBuild(session, target.chain, false);
  if (!source.ok()) return source.status();
  return (*source)->Describe();
}

int Graph(Session& session, const GraphFlags& flags) {
  const absl::StatusOr<v1::Manifest> manifest = ManifestOf(session, flags.target);
  if (!manifest.ok()) return session.Fail(manifest.status());
  const std::string drawn = session.json()              ? JsonLine(*manifest) + "\n"
                            : flags.format == "svg"     ? GraphSvg(*manifest)
                            : flags.format == "mermaid" ? GraphMermaid(*manifest)
                                                        : GraphText(*manifest);
  if (flags.file.empty()) {
    session.out() << drawn;
    return kDone;
  }
  std::ofstream file(flags.file, std::ios::binary | std::ios::trunc);
  if (!(file << drawn).flush()) {
    return session.Fail(absl::FailedPreconditionError(Text("cannot write ", flags.file)));
  }
  session.Note(Text("wrote ", Safe(flags.file)));
  return kDone;
}

}  // namespace

Command MakeGraph() {
  auto flags = std::make_shared<GraphFlags>();
  Command command = {
      .name = "graph",
      .summary = "draw a chain, from its sources or as it is deployed",
      .group = "Chains",
      .examples = {"chains graph chainlets/hello", "chains graph hello --format svg -o hello.svg"},
      .options = TargetOptions(flags->target, ChainIs::kRequired),
      .run = [flags](Session& session) { return Graph(session, *flags); }};
  command.options[0].name = "CHAIN";
  command.options[0].help = "a chain's folder, its program, or the name of one that is deployed";
  command.options.push_back({"--format",
                             "text (a tree), mermaid or svg",
                             &flags->format,
                             {.choices = {"text", "mermaid", "svg"}}});
  command.options.push_back(
      {"--file,-o", "to write it to", &flags->file, {.completes = Completes::kFiles}});
  return command;
}

}  // namespace chains::deploy::cli
