// The tree of commands.
#include <memory>

#include "chains/chain/memory_size.h"
#include "chains/core/text.h"
#include "deploy/cli/command.h"
#include "deploy/cli/commands/audit.h"
#include "deploy/cli/commands/bench.h"
#include "deploy/cli/commands/call.h"
#include "deploy/cli/commands/deployments.h"
#include "deploy/cli/commands/local.h"
#include "deploy/cli/commands/logs.h"
#include "deploy/cli/commands/observe.h"
#include "deploy/cli/commands/push.h"
#include "deploy/cli/commands/recordings.h"
#include "deploy/cli/commands/remotes.h"
#include "deploy/cli/commands/settings.h"
#include "deploy/cli/completion.h"
#include "deploy/cli/image/image.h"
#include "deploy/cli/kubernetes/install.h"
#include "deploy/cli/up.h"

namespace chains::deploy::cli {
namespace {

Command MakeUp() {
  auto flags = std::make_shared<UpFlags>();
  auto install = std::make_shared<InstallFlags>();
  Command command = {
      .name = "up",
      .summary = "a platform on this machine, until Ctrl-C; or on a cluster, for good",
      .group = "Platform",
      .examples = {"chains up", "chains up --listen 127.0.0.1:9080 --cpus 4 --memory 8Gi",
                   "chains up --kubernetes --image-registry registry.example/chains"},
      .options =
          {{"--home",
            "where its state is kept (default: CHAINS_HOME, else ~/.chains)",
            &flags->home,
            {.completes = Completes::kFolders}},
           {"--listen", "where HTTP is answered", &flags->listen},
           {"--grpc-listen", "where gRPC clients call chains", &flags->grpc_listen},
           {"--tls-listen", "where HTTP and gRPC are answered over TLS", &flags->tls_listen},
           {"--tls-cert",
            "its certificate (PEM), then those that vouch for it; read anew when it changes",
            &flags->tls_certificate,
            {.completes = Completes::kFiles}},
           {"--tls-key",
            "the certificate's key (PEM)",
            &flags->tls_key,
            {.completes = Completes::kFiles}},
           {"--platform-listen",
            "where others may push, as HOST:PORT (default: only this user, on a socket)",
            &flags->platform_listen},
           {"--gateway-token-file",
            "run no gateway here: chains-gateway --platform comes with the token in this "
            "file, which is made where it is missing",
            &flags->gateway_token_file,
            {.completes = Completes::kFiles}},
           {"--cors-origin",
            "pages of this origin, as https://app.example.com, may call chains from browsers; "
            "several times, or * for all",
            &flags->cors_origins},
           {"--webhook-allow-private",
            "webhooks of queued calls may lead to private addresses, as those of this machine",
            &flags->webhook_allow_private},
           {"--no-ui", "no page for browsers", &flags->no_ui},
           {"--open", "ask nobody for a key", &flags->open},
           {"--mtls", "replicas and the gateway show each other certificates, over TLS",
            &flags->mtls},
           {"--detach,-d", "in the background; chains down ends it", &flags->detach},
           {"--memory",
            "for replicas, instead of what the machine has",
            &flags->memory,
            {.check =
                 [](const std::string& text) {
                   return internal::ParseMemorySize(text)
                              ? std::string()
                              : Text("'", text, "' is no size of memory such as 8Gi");
                 }}},
           {"--cpus", "the same", &flags->cpus},
           {"--gpus", "the same", &flags->gpus},
           {"--fault",
            "what goes wrong with a share of the calls to a chainlet, as 'SayHello: 1% "
            "UNAVAILABLE, "
            "5% +200ms'; several times",
            &flags->faults},
           {"--max-in-flight",
            "how many calls every dependency of a chain has at a time, whatever that declares",
            &flags->max_in_flight},
           {"--limits-dry-run",
            "limits of chainlets refuse nothing, and count what they would have refused",
            &flags->limits_dry_run},
           {"--hedge", "second attempts for slow calls, of all that may be repeated",
            &flags->hedge},
           {"--no-hedge", "none, whatever a chain declares", &flags->no_hedge},
           {"--circuit", "a circuit breaker for every dependency", &flags->circuit},
           {"--no-circuit", "none, whatever a chain declares", &flags->no_circuit},
           {"--pin-cpus",
            "give replicas that want whole CPUs some of their own, as long as there are",
            &flags->pin_cpus},
           {"--otlp",
            "an OpenTelemetry collector that gets the traces that are kept, as "
            "http://127.0.0.1:4318",
            &flags->otlp},
           {"--metrics",
            "where Prometheus is answered of all deployments: HOST:PORT with an IP address",
            &flags->metrics},
           {"--trace-drawn", "percent of requests that are traced and kept (default: 1)",
            &flags->trace_drawn},
           {"--trace-recorded",
            "percent of requests that are traced, and kept if they fail or are slow (default: 5)",
            &flags->trace_recorded}},
      .run = [flags, install](Session& session) {
        return install->kubernetes ? InstallOnCluster(session, *install) : RunUp(session, *flags);
      }};
  for (Option& each : InstallOptions(*install)) command.options.push_back(std::move(each));
  return command;
}

Command MakeDown() {
  auto home = std::make_shared<std::string>();
  auto uninstall = std::make_shared<UninstallFlags>();
  Command command = {
      .name = "down",
      .summary = "end the platform on this machine, and its replicas; or remove that on a cluster",
      .group = "Platform",
      .examples = {"chains down", "chains down --kubernetes"},
      .options = {{"--home",
                   "of the platform (default: CHAINS_HOME, else ~/.chains)",
                   home.get(),
                   {.completes = Completes::kFolders}}},
      .run = [home, uninstall](Session& session) {
        return uninstall->kubernetes ? UninstallFromCluster(session, *uninstall)
                                     : RunDown(session, *home);
      }};
  for (Option& each : UninstallOptions(*uninstall)) command.options.push_back(std::move(each));
  return command;
}

}  // namespace

Command MakeRoot() {
  return {.name = "chains",
          .summary = "Builds, deploys and watches chains.",
          .examples = {"chains up --detach", "chains push chainlets/hello",
                       R"(chains call hello '{"names": ["Ada"]}')"},
          .subcommands = {
              MakeInit(),     MakeCheck(), MakeRun(),        MakePush(),         MakeWatch(),
              MakeCall(),     MakeGraph(), MakeBench(),      MakeRecord(),       MakeReplay(),
              MakeMakeTest(), MakeImage(), MakeList(),       MakeStatus(),       MakeLogs(),
              MakeTraces(),   MakeTrace(), MakeTop(),        MakePromote(),      MakeRollback(),
              MakeScale(),    MakeWake(),  MakeActivate(),   MakeDeactivate(),   MakeDelete(),
              MakeRemotes(),  MakeUp(),    MakeDown(),       MakeEnvironments(), MakeKeys(),
              MakeSecrets(),  MakeAudit(), MakeCompletion(), MakeVersion()}};
}

}  // namespace chains::deploy::cli
