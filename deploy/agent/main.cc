// chains-agent: the first process of a replica's pod.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/time/time.h"
#include "chains/chain/identity_keeper.h"
#include "chains/chain/log.h"
#include "chains/core/text.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/health_check.h"
#include "chains/grpc/process.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/run_on.h"
#include "deploy/agent/agent.h"
#include "deploy/agent/fd_poller.h"
#include "deploy/agent/process_starter.h"

namespace chains::deploy {
namespace {

constexpr int kUsage = 2;
// Between what a program has to finish what runs and when it is ended by force.
constexpr absl::Duration kToLeave = absl::Seconds(5);

struct Flags {
  std::string check;
  std::string platform;
  std::string deployment;
  std::string token_file;
  std::string platform_roots;
  std::string pod, uid, node, place;
  std::string ip;
  std::string work;
  std::string run;
  std::string listen;
  std::string health_listen;
  std::string drain = "35s";
  uint64_t space = 0;
  std::string seed = "/opt/chains/bundles";
  std::string cache;
  uint64_t cache_space = uint64_t{64} << 30;
  int files_at_once = 4;
};

void DeclarePod(CLI::App& app, Flags& flags) {
  app.add_option("--pod", flags.pod, "this pod's name")->envname("CHAINS_POD")->required();
  app.add_option("--pod-uid", flags.uid, "its uid")->envname("CHAINS_POD_UID");
  app.add_option("--node", flags.node, "the node that it is on")->envname("CHAINS_NODE");
  app.add_option("--place", flags.place, "the Deployment object that it belongs to");
  app.add_option("--ip", flags.ip, "its address, at which replicas call it")
      ->envname("CHAINS_POD_IP");
  app.add_option("--listen", flags.listen,
                 "where the program takes calls: HOST:PORT (default: port 7001 of --ip)");
  app.add_option("--health-listen", flags.health_listen,
                 "where the program answers health checks, in plaintext (default: port 7002 of all "
                 "addresses)");
}

void Declare(CLI::App& app, Flags& flags) {
  app.add_option("--check", flags.check,
                 "asks the program at this address whether it serves, and ends: HOST:PORT; alone");
  app.add_option("--platform", flags.platform, "where the platform answers: HOST:PORT")->required();
  app.add_option("--deployment", flags.deployment, "the id of the deployment that runs here")
      ->required();
  app.add_option("--token-file", flags.token_file, "a file with that deployment's token")
      ->required();
  app.add_option(
      "--platform-roots", flags.platform_roots,
      "PEM file with the platform's root certificate: it is reached over TLS, and so are "
      "replicas, which get certificates of it");
  DeclarePod(app, flags);
  app.add_option("--work", flags.work, "a folder of this pod for bundles")->required();
  app.add_option("--run", flags.run,
                 "a folder of this pod for what programs are told, secrets too; better in memory "
                 "(default: run, in --work)");
  app.add_option("--drain", flags.drain,
                 "how long a program has from SIGTERM on; then it is ended by force")
      ->capture_default_str();
  app.add_option("--space", flags.space,
                 "the most bytes that bundles may have in --work (default: what the disk has)");
  app.add_option(
         "--seed", flags.seed,
         "a folder of the image with files of bundles (chains image --baked), if it is there")
      ->capture_default_str();
  app.add_option("--cache", flags.cache,
                 "a folder of the node in which pods keep files of bundles for each other");
  app.add_option("--cache-space", flags.cache_space, "the most bytes that are kept in it")
      ->capture_default_str();
  app.add_option("--files-at-once", flags.files_at_once, "of a bundle, fetched at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
}

// A token travels as metadata, which is printable.
absl::StatusOr<std::string> TokenFrom(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (file && std::getline(file, token) && !token.empty() &&
      std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return token;
  }
  return absl::InvalidArgumentError(
      Text("--token-file: ", path, " has no token: a line of printable characters"));
}

absl::StatusOr<std::string> ListenAddress(const Flags& flags) {
  if (!flags.listen.empty()) return flags.listen;
  if (flags.ip.empty()) {
    return absl::InvalidArgumentError(
        "--ip: say at which address this pod is called (CHAINS_POD_IP has it, where the pod's "
        "template sets it from status.podIP), or give --listen");
  }
  return flags.ip.find(':') == std::string::npos ? Text(flags.ip, ":7001")
                                                 : Text("[", flags.ip, "]:7001");
}

// A kubelet asks at the pod's address, of whichever kind that is.
std::string HealthAddress(const Flags& flags) {
  if (!flags.health_listen.empty()) return flags.health_listen;
  return flags.ip.find(':') == std::string::npos ? "0.0.0.0:7002" : "[::]:7002";
}

struct Platform {
  std::string address;
  std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;  // null: in plaintext
};

// A service of the platform's, and the connection that it is called over.
template <typename T>
struct Connection {
  Connection(const Platform& platform, Reactor& reactor)
      : channel(platform.address, reactor, {.connections = 1, .credentials = platform.credentials}),
        service(Contract<T>::Connect(channel)) {}
  GrpcChannel channel;
  const std::unique_ptr<T> service;
};

template <typename T>
std::function<std::shared_ptr<T>()> ConnectTo(const Platform& platform, Reactor& reactor) {
  return [platform, &reactor] {
    auto connection = std::make_shared<Connection<T>>(platform, reactor);
    return std::shared_ptr<T>(connection, connection->service.get());
  };
}

void Say(const std::string& text) { Log(Context(), Severity::kInfo, Text("chains-agent: ", text)); }

sigset_t AgentSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGUSR1, SIGUSR2}) {
    sigaddset(&signals, each);
  }
  return signals;
}

// What the signals of a first process mean: its end, a child's, or something for the program.
void TakeSignals(int signals, Agent& agent, const ProcessStarter& starter) {
  signalfd_siginfo info{};
  while (read(signals, &info, sizeof(info)) == sizeof(info)) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD) {
      starter.Reap();
    } else if (signal == SIGTERM || signal == SIGINT) {
      agent.Leave();
    } else {
      agent.Forward(signal);
    }
  }
}

struct Settings {
  Platform platform;
  std::string token;
  BundleFetcher::Options fetcher;
  ProcessStarter::Options starter;
  Agent::Options agent;
};

absl::StatusOr<Settings> SettingsFrom(const Flags& flags) {
  Settings settings;
  absl::StatusOr<std::string> token = TokenFrom(flags.token_file);
  if (!token.ok()) return token.status();
  settings.token = *std::move(token);
  settings.platform.address = flags.platform;
  if (!flags.platform_roots.empty()) {
    absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> to_platform =
        chains::internal::ToPlatform(flags.platform_roots);
    if (!to_platform.ok()) {
      return absl::InvalidArgumentError(
          Text("--platform-roots: ", MessageOf(to_platform.status())));
    }
    settings.platform.credentials = *std::move(to_platform);
  }
  absl::StatusOr<std::string> listen = ListenAddress(flags);
  if (!listen.ok()) return listen.status();
  absl::Duration drain;
  if (!absl::ParseDuration(flags.drain, &drain) || drain <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        Text("--drain ", flags.drain, ": a time as in 35s or 2m is expected"));
  }
  std::error_code none;
  const bool has_seed = std::filesystem::is_directory(flags.seed, none);
  settings.fetcher = {.work = flags.work,
                      .connect = nullptr,
                      .max_bytes = flags.space,
                      .cache = flags.cache,
                      .max_cache_bytes = flags.cache_space,
                      .seed = has_seed ? flags.seed : "",
                      .files_at_once = flags.files_at_once};
  settings.starter = {.platform = flags.platform,
                      .deployment = flags.deployment,
                      .token_file = flags.token_file,
                      .platform_roots = flags.platform_roots,
                      .run = flags.run.empty() ? flags.work + "/run" : flags.run,
                      .listen = *std::move(listen),
                      .health_listen = HealthAddress(flags),
                      .drain = std::max(drain - kToLeave, drain / 2)};
  settings.agent = {.deployment = flags.deployment,
                    .pod = flags.pod,
                    .uid = flags.uid,
                    .node = flags.node,
                    .place = flags.place,
                    .connect = nullptr,
                    .drain = drain,
                    .mark = flags.work + "/running",
                    .log = Say};
  return settings;
}

absl::Status RunAgent(Settings settings, int signals) {
  WorkerPool workers;
  FdPoller poller;
  Reactor reactor(workers);
  reactor.Attach(poller);
  settings.fetcher.connect = ConnectTo<v1::Bundles>(settings.platform, reactor);
  settings.agent.connect = ConnectTo<v1::Pods>(settings.platform, reactor);
  absl::StatusOr<std::unique_ptr<BundleFetcher>> fetcher =
      BundleFetcher::Open(std::move(settings.fetcher));
  if (!fetcher.ok()) return fetcher.status();
  // Of programs that ended with an earlier agent of this pod; secrets are among it.
  std::error_code ignored;
  std::filesystem::remove_all(settings.starter.run / settings.starter.deployment, ignored);
  ProcessStarter starter(std::move(settings.starter), poller);
  Agent agent(std::move(settings.agent), **fetcher, starter);
  poller.Watch(signals, FdPoller::kReadable, [&] { TakeSignals(signals, agent, starter); });
  reactor.Start();
  const Context context(absl::InfiniteFuture(), "", {{"chains-token", settings.token}});
  const absl::StatusOr<chains::internal::Unit> ran = RunOn(
      reactor, [&agent] { return agent.Run(); }, context);
  reactor.Stop();
  return ran.status();
}

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "chains-agent: %s\n", std::string(MessageOf(status)).c_str());
  return code;
}

int Main(int argc, char** argv) {
  // Needs none of the others, which are required.
  if (argc == 3 && std::string_view(argv[1]) == "--check") {
    return CheckHealth(argv[2], std::cerr);
  }
  Flags flags;
  CLI::App app("Runs in a pod what its platform wants to run there.", "chains-agent");
  Declare(app, flags);
  CLI11_PARSE(app, argc, argv);
  PrepareProcess(Secrets::kHeld);
  const sigset_t blocked = AgentSignals();
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  const int signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
  // Whose parent ended is this process's, also where it is not the first.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  absl::StatusOr<Settings> settings = SettingsFrom(flags);
  absl::Status ran = settings.status();
  if (settings.ok()) ran = RunAgent(*std::move(settings), signals);
  close(signals);
  return ran.ok() ? 0 : Fail(ran, settings.ok() ? 1 : kUsage);
}

}  // namespace
}  // namespace chains::deploy

int main(int argc, char** argv) { return chains::deploy::Main(argc, argv); }
