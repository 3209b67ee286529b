// init, check, run, version.
#include "deploy/cli/commands/local.h"

#include <memory>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/building.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/version.h"

namespace chains::deploy::cli {
namespace {

struct InitFlags {
  std::string folder = {};
  std::string name = {};
};

int Init(Session& session, const InitFlags& flags) {
  const absl::Status made = session.world().init_chain(flags.folder, flags.name);
  if (!made.ok()) return session.Fail(made);
  session.out() << "made " << Safe(flags.folder) << "; next:\n"
                << "  chains check " << Safe(flags.folder) << "\n"
                << "  chains push " << Safe(flags.folder) << "\n";
  return kDone;
}

struct PathFlags {
  std::string path = {};
  bool verbose = false;
};

int Check(Session& session, const PathFlags& flags) {
  absl::StatusOr<std::unique_ptr<ChainSource>> source =
      OpenAndBuild(session, flags.path, flags.verbose);
  if (!source.ok()) return session.Fail(source.status());
  const absl::StatusOr<v1::Manifest> manifest = (*source)->Describe();
  if (!manifest.ok()) return session.Fail(manifest.status());
  if (session.json()) {
    session.PrintJson(*manifest);
    return kDone;
  }
  std::vector<std::string> names;
  for (const v1::Chainlet& chainlet : manifest->chainlets()) {
    names.push_back(chainlet.display_name());
  }
  session.out() << Safe(manifest->chain()) << " is "
                << Styled(session.terminal(), Style::kGood, "valid") << ": "
                << Safe(absl::StrJoin(names, ", ")) << "\n";
  return kDone;
}

struct RunFlags {
  std::string path = {};
  std::string request = {};
  std::vector<std::string> rest = {};
};

int Run(Session& session, const RunFlags& flags) {
  absl::StatusOr<std::unique_ptr<ChainSource>> source = OpenAndBuild(session, flags.path, false);
  if (!source.ok()) return session.Fail(source.status());
  std::vector<std::string> command = {(*source)->Program().string(), "run", flags.request};
  command.insert(command.end(), flags.rest.begin(), flags.rest.end());
  session.out() << std::flush;
  return session.Fail(session.world().become(command));
}

int Version(Session& session) {
  if (session.json()) {
    session.out() << "{\"version\":\"" << kVersion << "\"}\n";
  } else {
    session.out() << "chains " << kVersion << "\n";
  }
  return kDone;
}

Option PathOption(std::string& to) {
  return {"DIR",
          "a chain's folder, or its program",
          &to,
          {.required = true, .completes = Completes::kFiles}};
}

}  // namespace

Command MakeInit() {
  auto flags = std::make_shared<InitFlags>();
  return {.name = "init",
          .summary = "write a chain that builds, runs and passes its test at once",
          .group = "Chains",
          .examples = {"chains init shop"},
          .options = {{"DIR",
                       "that is made",
                       &flags->folder,
                       {.required = true, .completes = Completes::kFolders}},
                      {"--name", "of the chain (default: the folder's)", &flags->name}},
          .run = [flags](Session& session) { return Init(session, *flags); }};
}

Command MakeCheck() {
  auto flags = std::make_shared<PathFlags>();
  return {.name = "check",
          .summary = "build a chain and let it validate itself",
          .group = "Chains",
          .examples = {"chains check chainlets/hello"},
          .options = {PathOption(flags->path),
                      {"--verbose,-v", "show what the compiler says, always", &flags->verbose}},
          .run = [flags](Session& session) { return Check(session, *flags); }};
}

Command MakeRun() {
  auto flags = std::make_shared<RunFlags>();
  return {.name = "run",
          .summary = "build a chain and answer one request in one process",
          .group = "Chains",
          .examples = {R"(chains run chainlets/hello '{"names": ["Ada"]}')",
                       "chains run chainlets/hello @request.json --placement grpc"},
          .options = {PathOption(flags->path),
                      {"JSON",
                       "the request; @FILE or - (standard input) to read it",
                       &flags->request,
                       {.required = true}}},
          .rest = &flags->rest,
          .run = [flags](Session& session) { return Run(session, *flags); }};
}

Command MakeVersion() {
  return {.name = "version", .summary = "of this program", .group = "Settings", .run = Version};
}

}  // namespace chains::deploy::cli
