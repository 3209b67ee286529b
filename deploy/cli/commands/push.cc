#include "deploy/cli/commands/push.h"

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/building.h"
#include "deploy/cli/commands/logs.h"
#include "deploy/cli/kubernetes/plan.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/push/deploy_view.h"
#include "deploy/cli/push/ready_line.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/progress.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kBarColumns = 24;
constexpr uint32_t kLogLines = 20;

// What a push shows of itself.
class Show {
 public:
  explicit Show(const Session& session)
      : session_(session), progress_(session.terminal()), view_(session.terminal()) {}

  void Uploading(uint64_t sent, uint64_t total) {
    const double share = total == 0 ? 1 : static_cast<double>(sent) / static_cast<double>(total);
    progress_.Show(Text("uploading ", Bar(share, kBarColumns), " ", HumanBytes(sent), " of ",
                        HumanBytes(total)));
  }
  void HasUploaded(const Uploaded& uploaded) {
    Line(uploaded.files == 0
             ? Text("nothing to upload: ", uploaded.kept, " files were there")
             : Text("uploaded ", uploaded.files, " files, ", HumanBytes(uploaded.bytes), "; ",
                    uploaded.kept, " were there"));
    if (!session_.json()) spinner_.emplace(progress_, session_.terminal(), "deploying");
  }
  void Event(const v1::DeployEvent& event) {
    if (session_.json()) return session_.PrintJson(event);
    const bool prepares = event.deployment().id().empty();  // the platform fetches its assets
    if (prepares && spinner_ && session_.terminal().redraws) {
      return spinner_->SetText(Safe(event.note()));
    }
    for (const std::string& line : view_.Changes(event)) progress_.Line(line);
    if (spinner_) spinner_->SetText(DeployView::Waiting(event.deployment()));
  }
  void Done() { spinner_.reset(); }
  void Line(const std::string& line) {
    if (!session_.json()) progress_.Line(line);
  }

 private:
  const Session& session_;
  Progress progress_;
  DeployView view_;
  std::optional<Spinner> spinner_;
};

// What the replicas of a deployment that failed wrote last. That there is nothing is no failure of
// its own.
void ShowLastLogs(const Session& session, PlatformClient& platform, const std::string& id) {
  v1::LogsRequest request;
  request.mutable_of()->set_deployment(id);
  request.set_tail(kLogLines);
  bool first = true;
  const absl::Status end = platform.Each<v1::LogsRequest, v1::LogLine>(
      &v1::Platform::Logs, std::move(request),
      [&](v1::LogLine line) {
        if (std::exchange(first, false)) session.Note("last lines of its logs:");
        session.Note(Text("  ", LogText(session.terminal(), line)));
        return true;
      },
      {.timeout = absl::Seconds(10)});
  if (!end.ok()) session.Note(Text("(no logs: ", Safe(MessageOf(end)), ")"));
}

int ShowFailure(const Session& session, PlatformClient& platform, const v1::DeployEvent& last,
                const absl::Status& status) {
  if (!session.json() && !last.deployment().id().empty()) {
    for (const std::string& line : ProblemsOf(last.deployment())) session.Note(line);
    ShowLastLogs(session, platform, last.deployment().id());
  }
  return session.Fail(status);
}

// Live, or on its way.
void ShowEnd(const Session& session, const Remote& remote, const BuiltChain& chain,
             const PushFlags& flags, const v1::DeployEvent& last) {
  const v1::Deployment& deployment = last.deployment();
  const std::string id = Styled(session.terminal(), Style::kStrong, Safe(deployment.id()));
  if (flags.no_wait && !last.live()) {
    session.out() << Safe(deployment.chain()) << " " << id << " is on its way: chains status "
                  << "--deployment " << Safe(deployment.id()) << "\n";
    return;
  }
  session.out() << Safe(deployment.chain()) << " " << id << " is "
                << Styled(session.terminal(), Style::kGood, "live");
  const std::string url = UrlOf(remote, deployment);
  if (!url.empty()) session.out() << " at " << url;
  if (!url.empty() || remote.forwarded) {
    session.out() << "\n  " << CallLine(remote, deployment, chain.bundle);
  }
  session.out() << "\n";
  const bool elsewhere = !last.production().empty() && last.production() != deployment.id();
  if (!last.promoted_to().empty()) {
    session.out() << Safe(last.promoted_to()) << " points at it now\n";
  } else if (elsewhere && !deployment.development()) {
    session.out() << "published " << Safe(deployment.id()) << ", production is still "
                  << Safe(last.production()) << ": chains promote " << Safe(deployment.id())
                  << "\n";
  }
}

int PushOnce(Session& session, const PushFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  const absl::StatusOr<BuiltChain> chain = BuildAndCollect(session, flags.path, flags.verbose);
  if (!chain.ok()) return session.Fail(chain.status());
  Show show(session);
  Push push(**platform, flags);
  const absl::Status end = push.Run(
      *chain, {.on_upload = [&](uint64_t sent, uint64_t total) { show.Uploading(sent, total); },
               .on_event = [&](const v1::DeployEvent& event) { show.Event(event); },
               .on_uploaded = [&](const Uploaded& uploaded) { show.HasUploaded(uploaded); }});
  show.Done();
  if (!end.ok()) return ShowFailure(session, **platform, push.last(), end);
  if (!session.json()) ShowEnd(session, (*platform)->remote(), *chain, flags, push.last());
  return kDone;
}

std::vector<Option> SharedOptions(PushFlags& flags) {
  return {{"DIR",
           "a chain's folder, or its program",
           &flags.path,
           {.required = true, .completes = Completes::kFiles}},
          {"--name", "of the chain (default: what its code says)", &flags.name},
          {"--placement",
           "which chainlets share a process: separate (none), together (all) or groups",
           &flags.placement,
           {.choices = {"separate", "together", "groups"}}},
          {"--group", "chainlets that share one, as A,B; may be repeated", &flags.groups},
          {"--replace", "exchange in place what does not fit beside the old", &flags.replace},
          {"--timeout", "how long to wait until it is live", &flags.timeout},
          {"--verbose,-v", "show what the compiler says, always", &flags.verbose}};
}

}  // namespace

Command MakePush() {
  auto flags = std::make_shared<PushFlags>();
  Command command = {
      .name = "push",
      .summary = "build a chain and deploy it",
      .group = "Chains",
      .examples = {"chains push chainlets/hello", "chains push chainlets/hello --promote",
                   "chains push chainlets/hello --development --watch",
                   "chains push build/hello --placement groups --group HelloAll,"
                   "SayHello",
                   "chains push chainlets/hello --to kubernetes --dry-run"},
      .options = SharedOptions(*flags)};
  for (Option& each : std::vector<Option>{
           {"--development", "overwrite the chain's development deployment", &flags->development},
           {"--watch", "a development deployment that follows the sources", &flags->watch},
           {"--promote", "point production at it, once it is live", &flags->promote},
           {"--environment", "point this one at it, once it is live", &flags->environment},
           {"--breaking", "even where its contract breaks callers", &flags->breaking},
           {"--no-wait", "do not wait until it is live", &flags->no_wait},
           {"--to",
            "the platform, as --remote; kubernetes: an installation on a cluster",
            &flags->to,
            {.completes = Completes::kRemotes}},
           {"--dry-run",
            "with --to kubernetes: print the objects that the cluster would get, and end",
            &flags->dry_run},
           {"--diff",
            "with --to kubernetes: print what would change there, and end: exit code 1 if anything",
            &flags->diff},
           {"--settings",
            "for these two: the cluster's settings (cluster.json)",
            &flags->settings,
            {.completes = Completes::kFiles}},
           {"--run", "with --watch: a request to send after each change", &flags->run}}) {
    command.options.push_back(std::move(each));
  }
  for (Option& each : AccessOptions(flags->access)) command.options.push_back(std::move(each));
  command.run = [flags](Session& session) {
    const std::string problem = ProblemOf(*flags);
    if (!problem.empty()) return session.Usage(problem);
    if (flags->dry_run) return PrintPlan(session, *flags);
    if (flags->diff) return DiffPlan(session, *flags);
    if (!flags->to.empty()) session.remote_name = flags->to;
    return flags->watch ? Watch(session, *flags) : PushOnce(session, *flags);
  };
  return command;
}

Command MakeWatch() {
  auto flags = std::make_shared<PushFlags>();
  flags->watch = true;
  Command command = {.name = "watch",
                     .summary = "a development deployment that follows the sources",
                     .group = "Chains",
                     .examples = {"chains watch chainlets/hello",
                                  R"(chains watch chainlets/hello --run '{"names": ["Ada"]}')"},
                     .options = SharedOptions(*flags)};
  command.options.push_back({"--run", "a request to send after each change", &flags->run});
  command.run = [flags](Session& session) {
    const std::string problem = ProblemOf(*flags);
    return problem.empty() ? Watch(session, *flags) : session.Usage(problem);
  };
  return command;
}

}  // namespace chains::deploy::cli
