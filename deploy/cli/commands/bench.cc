#include "deploy/cli/commands/bench.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "chains/core/text.h"
#include "deploy/cli/bench/bench_text.h"
#include "deploy/cli/bench/slo.h"
#include "deploy/cli/commands/call.h"
#include "deploy/cli/commands/grpc_method.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/kubernetes/bench_job.h"
#include "deploy/cli/receipt_tree.h"
#include "deploy/cli/terminal/progress.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/load/grpc_load.h"
#include "deploy/load/http_load.h"

namespace chains::deploy::cli {
namespace {

constexpr int kReceipts = 5;
constexpr int kGrpcCallsAtATime = 256;

struct BenchFlags {
  TargetFlags target = {};
  double rate = 0;
  absl::Duration duration = absl::Seconds(10);
  std::string data = {};
  std::string method = "run_remote";
  absl::Duration timeout = absl::Seconds(60);
  int connections = 0;  // 0: as the rate needs
  bool grpc = false;
  bool job = false;  // from a pod of the cluster
  std::vector<std::string> slos = {};
};

// The command line of the same bench, for a pod whose environment names the gateway.
std::vector<std::string> ArgumentsOf(const Session& session, const BenchFlags& flags,
                                     const std::string& body) {
  std::vector<std::string> arguments = {"bench",
                                        flags.target.chain,
                                        Text("--rate=", flags.rate),
                                        Text("--duration=", absl::FormatDuration(flags.duration)),
                                        Text("--data=", body),
                                        Text("--method=", flags.method),
                                        Text("--timeout=", absl::FormatDuration(flags.timeout)),
                                        Text("--connections=", flags.connections)};
  if (flags.grpc) arguments.emplace_back("--grpc");
  if (session.json()) arguments.emplace_back("--output=json");
  const std::pair<const char*, const std::string&> of[] = {
      {"--environment=", flags.target.environment}, {"--deployment=", flags.target.deployment}};
  for (const auto& [flag, value] : of) {
    if (!value.empty()) arguments.push_back(Text(flag, value));
  }
  for (const std::string& slo : flags.slos) arguments.push_back(Text("--slo=", slo));
  return arguments;
}

// An idle connection costs little, a missing one makes calls late.
int ConnectionsOf(const BenchFlags& flags) {
  if (flags.connections > 0) return flags.connections;
  return flags.grpc ? 1 : std::clamp(static_cast<int>(flags.rate), 4, 64);
}

load::Plan PlanOf(const BenchFlags& flags) {
  const int connections = ConnectionsOf(flags);
  return {.in_flight = flags.grpc
                           ? std::max(connections,
                                      std::min(kGrpcCallsAtATime, static_cast<int>(flags.rate) + 1))
                           : connections,
          .rate = flags.rate,
          .duration = flags.duration,
          .warm_up = connections,
          .timeout = flags.timeout};
}

absl::StatusOr<load::Report> OverHttp(const Remote& remote, const BenchFlags& flags,
                                      const std::string& body) {
  constexpr std::string_view kScheme = "http://";
  if (!remote.gateway.starts_with(kScheme)) {
    return absl::UnimplementedError(Text("the gateway is at ", remote.gateway,
                                         ": bench speaks http:// only, or gRPC with --grpc"));
  }
  load::HttpTarget target = {.address = remote.gateway.substr(kScheme.size()),
                             .path = PathOfCall(flags.target, flags.method),
                             .payloads = {{.body = body}}};
  if (!remote.key.empty())
    target.headers.emplace_back("Authorization", Text("Api-Key ", remote.key));
  return load::RunHttp(target, PlanOf(flags));
}

absl::StatusOr<load::Report> OverGrpc(Session& session, const Remote& remote,
                                      const BenchFlags& flags, const std::string& body) {
  const absl::StatusOr<GrpcMethod> found =
      FindGrpcMethod(session, remote, flags.target, flags.method);
  if (!found.ok()) return found.status();
  const json::Transcoder::Method* const method = found->method;
  if (method->descriptor->client_streaming() || method->descriptor->server_streaming()) {
    return absl::UnimplementedError(Text(method->path, " is a stream: bench calls unary methods"));
  }
  absl::StatusOr<std::string> wire = found->transcoder->RequestToWire(*method, body);
  if (!wire.ok()) return wire.status();
  const load::GrpcTarget target = {.address = remote.grpc,
                                   .method = method->path,
                                   .metadata = found->metadata,
                                   .payloads = {{.body = *std::move(wire)}},
                                   .connections = ConnectionsOf(flags)};
  return load::RunGrpc(target, PlanOf(flags));
}

// A few requests beside the load, which itself asks for none.
ReceiptSums AskForReceipts(const Remote& remote, const BenchFlags& flags, const std::string& body) {
  ReceiptSums sums;
  for (int i = 0; i < kReceipts; ++i) {
    HttpRequest request =
        RequestTo(remote, PathOfCall(flags.target, flags.method), body, flags.timeout);
    request.headers.emplace_back("Chains-Receipt", "1");
    const absl::StatusOr<HttpAnswer> answer = Post(request);
    if (answer.ok()) sums.Add(answer->Header("chains-receipt"));
  }
  return sums;
}

absl::StatusOr<std::vector<Slo>> ParseAll(const std::vector<std::string>& texts) {
  std::vector<Slo> slos;
  for (const std::string& text : texts) {
    absl::StatusOr<Slo> slo = ParseSlo(text);
    if (!slo.ok()) return slo.status();
    slos.push_back(*std::move(slo));
  }
  return slos;
}

absl::StatusOr<load::Report> Measure(Session& session, const Remote& remote,
                                     const BenchFlags& flags, const std::string& body) {
  Progress progress(session.terminal());
  Spinner spinner(progress, session.terminal(),
                  Text("calling ", Safe(flags.target.chain), " ", flags.rate,
                       " times a second for ", absl::FormatDuration(flags.duration)));
  return flags.grpc ? OverGrpc(session, remote, flags, body) : OverHttp(remote, flags, body);
}

int Bench(Session& session, const BenchFlags& flags) {
  if (flags.rate <= 0) return session.Usage("--rate must be above 0");
  const absl::StatusOr<v1::DeploymentRequest> checked = ToRequest(flags.target);
  if (!checked.ok()) return session.Usage(MessageOf(checked.status()));
  const absl::StatusOr<std::vector<Slo>> slos = ParseAll(flags.slos);
  if (!slos.ok()) return session.Usage(Text("--slo ", MessageOf(slos.status())));
  const absl::StatusOr<std::string> body = ReadArgument(flags.data, session.terminal().in);
  if (!body.ok()) return session.Usage(MessageOf(body.status()));
  if (flags.job) {
    return RunBenchJob(session, ArgumentsOf(session, flags, *body), flags.duration);
  }
  const absl::StatusOr<Remote> remote = session.ChosenRemote();
  if (!remote.ok()) return session.Fail(remote.status());
  if (remote->forwarded) {
    session.Note("through a tunnel, which is slower than the cluster: --job measures beside it");
  }
  const absl::StatusOr<load::Report> report = Measure(session, *remote, flags, *body);
  if (!report.ok()) return session.Fail(report.status());
  std::vector<SloOutcome> outcomes;
  for (const Slo& slo : *slos) outcomes.push_back(Judge(slo, *report));
  if (session.json()) {
    session.out() << BenchJson(*report, outcomes) << "\n";
  } else {
    PrintBench(session.terminal(), *report, AskForReceipts(*remote, flags, *body), outcomes);
  }
  const bool kept = std::all_of(outcomes.begin(), outcomes.end(),
                                [](const SloOutcome& outcome) { return outcome.kept; });
  const bool answered = report->calls > 0;
  return kept && answered ? kDone : kFailed;
}

}  // namespace

Command MakeBench() {
  auto flags = std::make_shared<BenchFlags>();
  Command command = {
      .name = "bench",
      .summary = "call a chain at a steady rate, and say how long answers take",
      .group = "Chains",
      .examples = {R"(chains bench hello --rate 200 --duration 30s --data '{"names": ["Ada"]}')",
                   "chains bench hello --rate 200 --data @request.json --slo p99=50ms "
                   "--slo errors=0%"},
      .options = TargetOptions(flags->target, ChainIs::kRequired),
      .run = [flags](Session& session) { return Bench(session, *flags); }};
  for (Option& each : std::vector<Option>{
           {"--rate",
            "calls a second, whether or not earlier ones were answered",
            &flags->rate,
            {.required = true}},
           {"--duration", "how long", &flags->duration},
           {"--data", kJsonHelp, &flags->data, {.required = true}},
           {"--method", "of the entrypoint, in snake_case", &flags->method},
           {"--timeout", "of a call", &flags->timeout},
           {"--connections", "to the gateway (default: as the rate needs)", &flags->connections},
           {"--grpc", "by gRPC instead of HTTP", &flags->grpc},
           {"--job", "from a pod of the cluster, where the platform is on one", &flags->job},
           {"--slo", "p99=50ms, max=1s, errors=1%: exit code 1 where it is missed; may be repeated",
            &flags->slos}}) {
    command.options.push_back(std::move(each));
  }
  return command;
}

}  // namespace chains::deploy::cli
