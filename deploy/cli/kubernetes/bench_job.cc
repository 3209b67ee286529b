#include "deploy/cli/kubernetes/bench_job.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/core/text.h"
#include "deploy/cli/kubernetes/cluster.h"
#include "deploy/cli/kubernetes/reach.h"
#include "deploy/cli/terminal/progress.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/wait.h"
#include "deploy/fleets/kubernetes/pod_facts.h"
#include "deploy/fleets/kubernetes/why_waiting.h"

namespace chains::deploy::cli {
namespace {

constexpr absl::Duration kStarting = absl::Minutes(3);  // pulling its image, among others
constexpr int kLines = 10'000;
constexpr int kUser = 65532;
constexpr size_t kMostArguments = 100 << 10;
constexpr char kContainer[] = "bench";
constexpr char kPlatform[] = "chains-platform";

Json Variable(const char* name, const std::string& value) {
  return {{"name", name}, {"value", value}};
}

Json Environment(const std::string& in_namespace) {
  const std::string gateway = Text("chains-gateway.", in_namespace, ".svc:");
  const Json key = {
      {"name", "CHAINS_API_KEY"},
      {"valueFrom", {{"secretKeyRef", {{"name", "chains-admin-key"}, {"key", "key"}}}}}};
  return Json::array({Variable("CHAINS_GATEWAY", Text("http://", gateway, "8080")),
                      Variable("CHAINS_GRPC", Text(gateway, "8081")),
                      Variable("CHAINS_HOME", "/tmp"), key});
}

Json Container(const BenchJobSpec& spec) {
  Json container = {{"name", kContainer},
                    {"image", spec.image},
                    {"imagePullPolicy", spec.pull_policy},
                    {"command", Json::array({"chains"})},
                    {"args", spec.arguments},
                    {"env", Environment(spec.in_namespace)}};
  container["resources"] = {{"requests", {{"cpu", "500m"}, {"memory", "128Mi"}}},
                            {"limits", {{"memory", "1Gi"}}}};
  container["securityContext"] = {{"allowPrivilegeEscalation", false},
                                  {"readOnlyRootFilesystem", true},
                                  {"capabilities", {{"drop", Json::array({"ALL"})}}}};
  return container;
}

// The platform's image has the command line, too, and the cluster has it already.
absl::StatusOr<BenchJobSpec> SpecFor(Cluster& cluster, std::vector<std::string> arguments) {
  const absl::StatusOr<Json> platform = cluster.Run([&](ApiClient& api) {
    return api.Get(kinds::kDeployment, cluster.in_namespace(), kPlatform);
  });
  if (!platform.ok()) return platform.status();
  BenchJobSpec spec{.in_namespace = cluster.in_namespace(), .arguments = std::move(arguments)};
  const Json& pod = At(*platform, "/spec/template/spec");
  spec.image = StringAt(pod, "/containers/0/image");
  spec.pull_policy = StringAt(pod, "/containers/0/imagePullPolicy");
  if (spec.pull_policy.empty()) spec.pull_policy = "IfNotPresent";
  if (At(pod, "/imagePullSecrets").is_array()) spec.pull_secrets = At(pod, "/imagePullSecrets");
  return spec;
}

struct Outcome {
  std::string pod = {};
  int exit_code = kFailed;
};

// What a pod that has ended came to; nullopt: it has not.
std::optional<Outcome> OutcomeOf(const Json& pod) {
  if (!HasEnded(pod)) return std::nullopt;
  const int64_t code = IntAt(pod, "/status/containerStatuses/0/state/terminated/exitCode", kFailed);
  return Outcome{.pod = NameOf(pod), .exit_code = static_cast<int>(code)};
}

absl::StatusOr<std::vector<Json>> PodsOf(Cluster& cluster, const std::string& job) {
  absl::StatusOr<ObjectList> pods = cluster.Run([&](ApiClient& api) {
    return api.List(kinds::kPod, cluster.in_namespace(), Text("job-name=", job));
  });
  if (!pods.ok()) return pods.status();
  return std::move(pods->items);
}

absl::StatusOr<Outcome> AwaitEnd(Session& session, Cluster& cluster, const BenchJobSpec& spec) {
  const absl::Time deadline = session.world().now() + spec.at_most;
  Progress progress(session.terminal());
  Spinner spinner(progress, session.terminal(), Text("waiting for Job ", spec.name));
  std::string last;
  while (true) {
    const absl::StatusOr<std::vector<Json>> pods = PodsOf(cluster, spec.name);
    if (!pods.ok() && !absl::IsUnavailable(pods.status())) return pods.status();
    if (pods.ok() && !pods->empty()) {
      const Json& pod = pods->front();
      if (const std::optional<Outcome> outcome = OutcomeOf(pod)) return *outcome;
      const std::string why = WhyWaiting({.pod = &pod});
      if (why != last && !why.empty()) progress.Line(Safe(why));
      last = why;
    }
    if (session.world().now() >= deadline) {
      return absl::DeadlineExceededError(Text("Job ", spec.name, " has not ended after ",
                                              absl::FormatDuration(spec.at_most),
                                              last.empty() ? "" : ": ", last));
    }
    if (!PauseUnlessInterrupted(session, Cluster::kLookEvery))
      return absl::CancelledError("interrupted");
  }
}

absl::StatusOr<int> RunJob(Session& session, Cluster& cluster, const BenchJobSpec& spec) {
  const absl::StatusOr<Json> created =
      cluster.Run([&](ApiClient& api) { return api.Create(BenchJob(spec)); });
  if (!created.ok()) return created.status();
  const absl::StatusOr<Outcome> outcome = AwaitEnd(session, cluster, spec);
  absl::Status end = outcome.status();
  if (outcome.ok()) {
    const absl::StatusOr<std::string> log = cluster.Run([&](ApiClient& api) {
      return api.PodLog(spec.in_namespace, outcome->pod, kContainer, kLines, false);
    });
    end = log.status();
    if (log.ok()) session.out() << *log << std::flush;
  }
  const absl::Status deleted =
      cluster
          .Run([&](ApiClient& api) {
            return api.Delete(kinds::kJob, spec.in_namespace, spec.name, DeleteOptions());
          })
          .status();
  if (!deleted.ok()) {
    session.Note(Text("Job ", spec.name, " is still there: ", Safe(MessageOf(deleted))));
  }
  if (!end.ok()) return end;
  return outcome->exit_code;
}

absl::StatusOr<int> Run(Session& session, std::vector<std::string> arguments,
                        absl::Duration duration) {
  size_t bytes = 0;
  for (const std::string& each : arguments) bytes += each.size();
  if (bytes > kMostArguments) {
    return absl::InvalidArgumentError("--data is too long for a Job: 100 KiB at most");
  }
  const absl::StatusOr<Remote> remote = SavedRemote(session);
  if (!remote.ok()) return remote.status();
  if (!remote->kubernetes) {
    return absl::FailedPreconditionError(
        Text("--job is for a platform on a cluster, and '", remote->name, "' is on none"));
  }
  const absl::StatusOr<std::unique_ptr<Cluster>> cluster =
      session.world().open_cluster(*remote->kubernetes, Cluster::kFieldManager);
  if (!cluster.ok()) return cluster.status();
  absl::StatusOr<BenchJobSpec> spec = SpecFor(**cluster, std::move(arguments));
  if (!spec.ok()) return spec.status();
  spec->name = Text("chains-bench-", absl::StrCat(absl::Hex(absl::ToUnixNanos(absl::Now()))));
  spec->at_most = duration + kStarting;
  return RunJob(session, **cluster, *spec);
}

}  // namespace

Json BenchJob(const BenchJobSpec& spec) {
  const Json labelled = {{"app.kubernetes.io/component", "bench"},
                         {"app.kubernetes.io/managed-by", "chains"},
                         {"app.kubernetes.io/part-of", "chains"}};
  Json pod = {{"restartPolicy", "Never"},
              {"serviceAccountName", "chains-replica"},
              {"automountServiceAccountToken", false},
              {"enableServiceLinks", false},
              {"containers", Json::array({Container(spec)})}};
  pod["securityContext"] = {{"runAsNonRoot", true},
                            {"runAsUser", kUser},
                            {"runAsGroup", kUser},
                            {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  if (!spec.pull_secrets.empty()) pod["imagePullSecrets"] = spec.pull_secrets;
  return {
      {"apiVersion", kinds::kJob.api_version},
      {"kind", kinds::kJob.kind},
      {"metadata", {{"name", spec.name}, {"namespace", spec.in_namespace}, {"labels", labelled}}},
      {"spec",
       {{"backoffLimit", 0},
        {"ttlSecondsAfterFinished", 600},
        {"activeDeadlineSeconds", absl::ToInt64Seconds(spec.at_most)},
        {"template", {{"metadata", {{"labels", labelled}}}, {"spec", std::move(pod)}}}}}};
}

int RunBenchJob(Session& session, std::vector<std::string> arguments, absl::Duration duration) {
  const absl::StatusOr<int> code = Run(session, std::move(arguments), duration);
  return code.ok() ? *code : session.Fail(code.status());
}

}  // namespace chains::deploy::cli
