// chains-gateway: HTTP and JSON, and gRPC, in front of the entrypoints of chains.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "chains/core/text.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/process.h"
#include "chains/grpc/reactor.h"
#include "chains/policy/balanced.h"
#include "gateway/app/api_keys.h"
#include "gateway/app/gateway_server.h"
#include "gateway/app/open_queue.h"
#include "gateway/app/platform_server.h"
#include "gateway/flags.h"
#include "gateway/http/page_check.h"
#include "gateway/route/route.h"
#include "gateway/ui_host/ui_assets.h"

namespace chains::gateway {
namespace {

constexpr int kUsage = 2;
constexpr absl::Duration kCheckTimeout = absl::Seconds(3);

std::unique_ptr<Channel> Connect(const std::vector<std::string>& addresses, Reactor& reactor) {
  std::vector<std::unique_ptr<Channel>> ways;
  const GrpcChannel::Options options = {
      .connections = 1, .asks_load = addresses.size() > 1, .carries = true};
  for (const std::string& address : addresses) {
    ways.push_back(std::make_unique<GrpcChannel>(address, reactor, options));
  }
  return std::make_unique<BalancedChannel>(std::move(ways), BalancedChannel::Options());
}

absl::StatusOr<Target::Contract> ContractFrom(const Flags& flags) {
  Target::Contract contract{.descriptors = std::nullopt, .entrypoint = flags.entrypoint};
  if (flags.descriptors.empty()) return contract;
  if (flags.entrypoint.empty()) {
    return absl::InvalidArgumentError("--descriptors: --entrypoint must say which service it is");
  }
  std::ifstream file(flags.descriptors, std::ios::binary);
  if (!file || !contract.descriptors.emplace().ParseFromIstream(&file)) {
    return absl::InvalidArgumentError(
        Text("--descriptors ", flags.descriptors, ": there is no FileDescriptorSet in it"));
  }
  return contract;
}

absl::StatusOr<std::vector<std::unique_ptr<Target>>> TargetsFrom(const Flags& flags,
                                                                 Reactor& reactor) {
  absl::StatusOr<Target::Contract> contract = ContractFrom(flags);
  if (!contract.ok()) return contract.status();
  if (!flags.entrypoint.empty() && flags.routes.size() > 1) {
    return absl::InvalidArgumentError("--entrypoint: is for a single --route");
  }
  std::vector<std::unique_ptr<Target>> targets;
  for (const std::string& text : flags.routes) {
    absl::StatusOr<RouteFlag> route = ParseRouteFlag(text);
    if (!route.ok()) return BadFlag("--route", route.status());
    absl::StatusOr<std::unique_ptr<Target>> target =
        Target::Create(route->route, Connect(route->addresses, reactor), *contract);
    if (!target.ok()) return BadFlag("--descriptors", target.status());
    targets.push_back(*std::move(target));
  }
  return targets;
}

absl::StatusOr<AsyncSettings> QueueFrom(const Flags& flags) {
  const absl::StatusOr<absl::Duration> keep = ParseTime("--async-keep", flags.keep);
  if (!keep.ok()) return keep.status();
  QueueFlags queue = flags.queue;
  queue.keep = *keep;
  return OpenQueue(queue);
}

absl::StatusOr<HttpOptions> HttpOptionsFrom(const Flags& flags) {
  const absl::StatusOr<absl::Duration> age = ParseTime("--connection-age", flags.connection_age);
  if (!age.ok()) return age.status();
  HttpOptions http;
  http.max_connections = flags.max_connections;
  http.request.max_body_bytes = flags.max_body;
  http.connection_age = *age;
  return http;
}

absl::StatusOr<GatewayServer::Options> OptionsFrom(const Flags& flags) {
  GatewayServer::Options options;
  absl::StatusOr<HttpOptions> http = HttpOptionsFrom(flags);
  if (!http.ok()) return http.status();
  options.http = *std::move(http);
  options.gateway.max_body_bytes = flags.max_body;
  options.gateway.quotas = flags.quotas;
  const absl::StatusOr<absl::Duration> timeout = ParseTime("--timeout", flags.timeout);
  if (!timeout.ok()) return timeout.status();
  options.gateway.timeout = *timeout;
  options.gateway.max_timeout = std::max(*timeout, options.gateway.max_timeout);
  absl::StatusOr<AsyncSettings> queue = QueueFrom(flags);
  if (!queue.ok()) return queue.status();
  options.async = *std::move(queue);
  if (!flags.no_ui) options.ui = {.assets = &EmbeddedUi(), .folder = flags.ui_folder};
  absl::StatusOr<Cors> cors = Cors::Create(flags.cors_origins);
  if (!cors.ok()) return BadFlag("--cors-origin", cors.status());
  options.gateway.cors = *std::move(cors);
  const absl::StatusOr<absl::Duration> idle =
      ParseTime("--stream-idle-timeout", flags.stream_idle_timeout);
  if (!idle.ok()) return idle.status();
  options.gateway.streams.idle_timeout = *idle;
  const absl::StatusOr<absl::Duration> lifetime =
      ParseTime("--web-socket-lifetime", flags.web_socket_lifetime);
  if (!lifetime.ok()) return lifetime.status();
  options.gateway.sockets.lifetime = *lifetime;
  if (flags.no_auth) return options;
  if (flags.api_keys.empty()) {
    return absl::InvalidArgumentError(
        "say who may call: --api-keys FILE, or --no-auth for everybody");
  }
  absl::StatusOr<ApiKeys> keys = ApiKeys::Load(flags.api_keys);
  if (!keys.ok()) return BadFlag("--api-keys", keys.status());
  options.gateway.keys = *std::move(keys);
  return options;
}

absl::StatusOr<std::vector<std::string>> ListenAt(const std::vector<std::string>& addresses,
                                                  GatewayServer& server) {
  std::vector<std::string> bound;
  for (const std::string& address : addresses) {
    absl::StatusOr<std::string> at = server.Listen(address);
    if (!at.ok()) return BadFlag("--listen", at.status());
    bound.push_back(*std::move(at));
  }
  return bound;
}

absl::StatusOr<std::vector<std::string>> ListenAt(const Flags& flags, GatewayServer& server) {
  absl::StatusOr<std::vector<std::string>> bound = ListenAt(flags.listen, server);
  if (!bound.ok() || flags.tls_listen.empty()) return bound;
  absl::StatusOr<std::string> at = server.ListenTls(
      flags.tls_listen, {.certificate = flags.tls_certificate, .key = flags.tls_key});
  if (!at.ok()) return BadFlag("--tls-listen", at.status());
  bound->push_back(Text(*at, " (TLS)"));
  return bound;
}

// Opens `server`; answers where it listens.
absl::StatusOr<std::vector<std::string>> Open(const Flags& flags, Reactor& reactor,
                                              GatewayServer& server) {
  absl::StatusOr<GatewayServer::Options> options = OptionsFrom(flags);
  if (!options.ok()) return options.status();
  absl::StatusOr<std::vector<std::unique_ptr<Target>>> targets = TargetsFrom(flags, reactor);
  if (!targets.ok()) return targets.status();
  const absl::Status opened = server.Open(*std::move(targets), *std::move(options));
  if (!opened.ok()) return BadFlag("--route", opened);
  return ListenAt(flags, server);
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "chains-gateway: %s\n", std::string(MessageOf(status)).c_str());
  return kUsage;
}

// Says where it answers, then waits until it is to end.
void AnswerUntilSignal(const std::vector<std::string>& addresses, const sigset_t& signals) {
  std::printf("chains-gateway answers at %s\n", absl::StrJoin(addresses, ", ").c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
}

absl::StatusOr<std::string> TokenFrom(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (file >> token) return token;
  return absl::InvalidArgumentError(Text("--token-file ", path, ": there is no token in it"));
}

absl::StatusOr<PlatformGateway::Options> PlatformOptionsFrom(const Flags& flags) {
  if (flags.listen.size() != 1) {
    return absl::InvalidArgumentError("--listen: give one address with --platform");
  }
  if (flags.no_auth || !flags.api_keys.empty() || !flags.descriptors.empty() ||
      !flags.entrypoint.empty()) {
    return absl::InvalidArgumentError(
        "--platform: it tells keys and contracts; leave out --no-auth, --api-keys, --descriptors "
        "and --entrypoint");
  }
  absl::StatusOr<std::string> token = TokenFrom(flags.token_file);
  if (!token.ok()) return token.status();
  const absl::StatusOr<absl::Duration> timeout = ParseTime("--timeout", flags.timeout);
  if (!timeout.ok()) return timeout.status();
  return PlatformGateway::Options{.platform = flags.platform,
                                  .token = *std::move(token),
                                  .platform_roots = flags.platform_roots,
                                  .identity = flags.identity,
                                  .zone = flags.zone,
                                  .hedge_percentile = flags.hedge_percentile,
                                  .circuit = flags.circuit,
                                  .http = flags.listen.front(),
                                  .grpc = flags.grpc_listen,
                                  .timeout = *timeout,
                                  .cors_origins = flags.cors_origins,
                                  .tls = flags.tls_listen,
                                  .tls_certificate = flags.tls_certificate,
                                  .tls_key = flags.tls_key,
                                  .ui = !flags.no_ui,
                                  .ui_folder = flags.ui_folder,
                                  .max_in_flight = flags.quotas.max_in_flight,
                                  .limits_dry_run = flags.quotas.dry_run};
}

int ServePlatform(const Flags& flags, absl::Duration drain_timeout, const sigset_t& signals) {
  absl::StatusOr<PlatformGateway::Options> options = PlatformOptionsFrom(flags);
  if (!options.ok()) return Fail(options.status());
  absl::StatusOr<HttpOptions> http = HttpOptionsFrom(flags);
  if (!http.ok()) return Fail(http.status());
  PlatformServer server(
      *std::move(options), *std::move(http), [&flags] { return QueueFrom(flags); }, &EmbeddedUi());
  const absl::StatusOr<PlatformGateway::Addresses> at = server.Start();
  if (!at.ok()) return Fail(at.status());
  std::vector<std::string> addresses = {at->http};
  if (!at->grpc.empty()) addresses.push_back(Text(at->grpc, " (gRPC)"));
  if (!at->tls.empty()) addresses.push_back(Text(at->tls, " (TLS)"));
  AnswerUntilSignal(addresses, signals);
  server.Drain(absl::Now() + drain_timeout);
  return 0;
}

int Check(const std::string& page) {
  const absl::Status health = CheckPage(page, kCheckTimeout);
  if (health.ok()) return 0;
  Fail(health);
  return 1;
}

int Serve(const Flags& flags) {
  PrepareProcess(Secrets::kHeld);
  const absl::StatusOr<absl::Duration> drain_timeout =
      ParseTime("--drain-timeout", flags.drain_timeout);
  if (!drain_timeout.ok()) return Fail(drain_timeout.status());
  const sigset_t signals = BlockEndSignals();
  if (!flags.platform.empty()) return ServePlatform(flags, *drain_timeout, signals);
  if (flags.routes.empty()) {
    return Fail(absl::InvalidArgumentError("--route or --platform is required"));
  }
  WorkerPool workers;
  Reactor reactor(workers);
  GatewayServer server(reactor);
  const absl::StatusOr<std::vector<std::string>> bound = Open(flags, reactor, server);
  if (!bound.ok()) {
    reactor.Stop();
    return Fail(bound.status());
  }
  reactor.Start();
  server.AwaitFirstAnswers();
  AnswerUntilSignal(*bound, signals);
  server.Drain(absl::Now() + *drain_timeout);
  reactor.Stop();
  return 0;
}

}  // namespace
}  // namespace chains::gateway

int main(int argc, char** argv) {
  CLI::App app("HTTP and JSON, and gRPC, in front of the entrypoints of chains.", "chains-gateway");
  chains::gateway::Flags flags;
  chains::gateway::Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : chains::gateway::kUsage;
  }
  return flags.check.empty() ? chains::gateway::Serve(flags) : chains::gateway::Check(flags.check);
}
