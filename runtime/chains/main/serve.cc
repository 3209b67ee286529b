#include "chains/main/serve.h"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "chains/chain/identity_keeper.h"
#include "chains/chain/log.h"
#include "chains/chain/replica.h"
#include "chains/core/hardening.h"
#include "chains/core/text.h"
#include "chains/grpc/process.h"
#include "chains/http/transport.h"
#include "chains/main/crash_report.h"
#include "chains/main/frontend.h"
#include "chains/main/run_lock.h"
#include "chains/metrics/exposer.h"
#include "chains/metrics/families.h"
#include "chains/v1/telemetry.pb.h"

namespace chains::internal {
namespace {

int UsageError(const std::string& message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return 2;
}

// "SayHello" or "hello.SayHello" → "hello.SayHello".
absl::StatusOr<std::string> FullName(const ChainSpec& chain, const std::string& flag,
                                     const std::string& name) {
  std::vector<std::string> known;
  for (const ChainletSpec& chainlet : chain.chainlets) {
    const std::string full(chainlet.name());
    const std::string suffix = absl::StrCat(".", name);
    if (full == name || (full.size() > suffix.size() &&
                         full.compare(full.size() - suffix.size(), suffix.size(), suffix) == 0)) {
      return full;
    }
    known.push_back(full);
  }
  return absl::InvalidArgumentError(absl::StrCat(flag, ": the chain ", chain.name,
                                                 " has no chainlet ", name, "; it has ",
                                                 absl::StrJoin(known, ", ")));
}

// A token travels as metadata, which is printable.
absl::StatusOr<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (!file || !std::getline(file, token) || token.empty() ||
      !absl::c_all_of(token, [](char c) { return c > 0x20 && c < 0x7f; })) {
    return absl::InvalidArgumentError(
        absl::StrCat("--token-file: ", path, " has no token: a line of printable characters"));
  }
  return token;
}

absl::StatusOr<Replica::Options> OptionsFrom(const ChainSpec& chain, const CommandLine& command) {
  Replica::Options options;
  for (const std::string& name : command.chainlets) {
    absl::StatusOr<std::string> full = FullName(chain, "--chainlets", name);
    if (!full.ok()) return full.status();
    options.chainlets.push_back(*full);
  }
  if (!command.listen.empty()) options.listen = command.listen;
  options.health_listen = command.health_listen;
  options.name = command.replica;
  options.zone = command.zone;
  options.carriers = !command.no_carriers;
  options.context.environment = command.environment;
  options.context.data_dir = command.data_dir;
  options.context.secret_files = command.secret_files;
  options.context.variables = command.variables;
  options.context.assets = command.assets;
  options.wrap_way = WrapWithFaults(command.faults);
  options.http_client = http::LinkedClient();
  if (command.platform.empty()) return options;
  absl::StatusOr<std::string> token = ReadToken(command.token_file);
  if (!token.ok()) return token.status();
  options.platform = Attachment::Options{.platform = command.platform,
                                         .deployment = command.deployment,
                                         .token = *std::move(token),
                                         .replica = command.replica,
                                         .credentials = nullptr,
                                         .timeout = command.platform_timeout,
                                         .on_lost = [] { ::kill(::getpid(), SIGTERM); }};
  return options;
}

// Who this process is, by --identity and --platform-roots. A keeper, where it has to be kept so.
absl::StatusOr<std::unique_ptr<IdentityKeeper>> SetIdentity(const ChainSpec& chain,
                                                            const CommandLine& command,
                                                            Replica::Options& options) {
  if (!command.platform_roots.empty()) {
    absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> to_platform =
        ToPlatform(command.platform_roots);
    if (!to_platform.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--platform-roots: ", to_platform.status().message()));
    }
    options.platform->credentials = *std::move(to_platform);
  }
  if (command.identity.empty()) return nullptr;
  std::unique_ptr<IdentityKeeper> keeper;
  absl::StatusOr<std::shared_ptr<const Identity>> identity;
  if (options.platform) {
    keeper = std::make_unique<IdentityKeeper>(IdentityKeeper::Options{
        .platform = options.platform->platform,
        .credentials = options.platform->credentials,
        .token = options.platform->token,
        .deployment = options.platform->deployment,
        .chainlets = options.chainlets.empty() ? ImplementedIn(chain) : options.chainlets,
        .folder = command.identity});
    KeepReactorsApart();  // it has a reactor of its own, before the replica has any
    identity = keeper->Obtain(absl::Now() + command.platform_timeout);
  } else {
    identity = Identity::Load({.folder = command.identity});
  }
  if (!identity.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--identity: ", identity.status().message()));
  }
  options.identity = *std::move(identity);
  return keeper;
}

absl::StatusOr<Endpoints> EndpointsFrom(const ChainSpec& chain, const CommandLine& command) {
  Endpoints endpoints;
  for (const auto& [name, addresses] : command.endpoints) {
    absl::StatusOr<std::string> full = FullName(chain, "--endpoints", name);
    if (!full.ok()) return full.status();
    endpoints[*full] = addresses;
  }
  return endpoints;
}

// Null without --http.
absl::StatusOr<std::unique_ptr<Frontend>> FrontendFor(const ChainSpec& chain,
                                                      const CommandLine& command,
                                                      const Replica& replica) {
  if (command.http.empty()) return nullptr;
  const std::string entrypoint(chain.Entrypoint()->name());
  if (!absl::c_linear_search(replica.chainlets(), entrypoint)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--http: this process does not serve the entrypoint, ", entrypoint,
                     "; add it to --chainlets"));
  }
  std::unique_ptr<Frontend> frontend = MakeFrontend();
  if (frontend == nullptr) {
    return absl::InvalidArgumentError(
        "--http: this program was linked without an HTTP frontend; build it with "
        "chains_add_chain(… FRONTEND gateway), or put chains-gateway in front of it");
  }
  return frontend;
}

absl::Status ListenHttp(Frontend& frontend, const std::string& address, Reactor& reactor,
                        Channel& entrypoint, const ChainSpec& chain, SpanQueue* spans) {
  absl::StatusOr<std::string> bound = frontend.Listen(address, reactor, entrypoint, chain, spans);
  if (!bound.ok()) return bound.status();
  std::printf("answering HTTP at %s\n", bound->c_str());
  return absl::OkStatus();
}

// Null without --metrics. Goes before the replica, which it asks.
absl::StatusOr<std::unique_ptr<Exposer>> Expose(const ChainSpec& chain, const CommandLine& command,
                                                Replica& replica) {
  if (command.metrics.empty()) return nullptr;
  auto dropped = std::make_shared<uint64_t>(0);
  const auto collect = [&replica, chain = chain.name, deployment = command.deployment, dropped] {
    const v1::Measurements now = replica.meter().Take(absl::Now());
    Families made = MakeFamilies({{.chain = chain, .deployment = deployment, .measurements = &now}},
                                 {.dropped_before = *dropped});
    *dropped += made.dropped;
    return std::move(made.families);
  };
  absl::StatusOr<std::unique_ptr<Exposer>> exposer = Exposer::Listen(command.metrics, collect);
  if (!exposer.ok()) {
    return absl::Status(exposer.status().code(),
                        absl::StrCat("--metrics: ", exposer.status().message()));
  }
  std::printf("answering Prometheus at http://%s/metrics\n", (*exposer)->address().c_str());
  return exposer;
}

void TellWhatIsLeftOut(const std::vector<std::string>& hardening) {
  for (const std::string& each : hardening) {
    Log(Context(), Severity::kWarning, Text("less hardened than it could be: ", each));
  }
}

}  // namespace

int Serve(const ChainSpec& chain, const CommandLine& command) {
  PrepareProcess();
  const sigset_t signals = BlockEndSignals();
  ReportCrashes();
  if (HardeningIsOn(/*by_default=*/!command.platform.empty())) TellWhatIsLeftOut(Harden());
  std::unique_ptr<RunLock> lock;
  if (!command.run_dir.empty()) {
    absl::StatusOr<std::unique_ptr<RunLock>> taken = RunLock::Take(command.run_dir);
    if (!taken.ok()) return UsageError(absl::StrCat("--run-dir: ", taken.status().message()));
    lock = *std::move(taken);
  }
  absl::StatusOr<Replica::Options> options = OptionsFrom(chain, command);
  if (!options.ok()) return UsageError(std::string(options.status().message()));
  absl::StatusOr<Endpoints> endpoints = EndpointsFrom(chain, command);
  if (!endpoints.ok()) return UsageError(std::string(endpoints.status().message()));
  absl::StatusOr<std::unique_ptr<IdentityKeeper>> keeper = SetIdentity(chain, command, *options);
  if (!keeper.ok()) return UsageError(std::string(keeper.status().message()));
  WorkerPool workers;
  absl::StatusOr<std::unique_ptr<Replica>> replica =
      Replica::Listen(chain, *std::move(options), workers);
  if (!replica.ok()) return UsageError(std::string(replica.status().message()));
  // Goes before the replica, whose reactor it is on, and after that has stopped.
  absl::StatusOr<std::unique_ptr<Frontend>> made = FrontendFor(chain, command, **replica);
  if (!made.ok()) return UsageError(std::string(made.status().message()));
  const std::unique_ptr<Frontend> frontend = *std::move(made);
  absl::Status started = lock == nullptr ? absl::OkStatus() : lock->Write((*replica)->addresses());
  if (started.ok()) {
    started = (*replica)->Start(*endpoints, [&](Reactor& reactor, Channel& entrypoint) {
      if (*keeper != nullptr) (*keeper)->Start(reactor);
      return frontend == nullptr ? absl::OkStatus()
                                 : ListenHttp(*frontend, command.http, reactor, entrypoint, chain,
                                              (*replica)->spans());
    });
  }
  absl::StatusOr<std::unique_ptr<Exposer>> exposer = nullptr;
  if (started.ok()) {
    exposer = Expose(chain, command, **replica);
    started = exposer.status();
  }
  if (!started.ok()) {
    (*replica)->Drain(absl::Now());
    std::fprintf(stderr, "error: %s\n", std::string(started.message()).c_str());
    return 1;
  }
  std::printf("serving %s at %s\n", absl::StrJoin((*replica)->chainlets(), ", ").c_str(),
              absl::StrJoin((*replica)->addresses(), ", ").c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  const absl::Time deadline = absl::Now() + command.drain_timeout;
  if (frontend != nullptr) frontend->Drain(deadline);
  (*replica)->Drain(deadline);
  return 0;
}

}  // namespace chains::internal
