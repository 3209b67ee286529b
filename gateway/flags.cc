#include "gateway/flags.h"

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

void DeclareTls(CLI::App& app, Flags& flags) {
  auto* listen = app.add_option("--tls-listen", flags.tls_listen,
                                "where HTTP and gRPC are answered over TLS: HOST:PORT");
  auto* certificate = app.add_option("--tls-cert", flags.tls_certificate,
                                     "PEM file with the certificate, then those that vouch for "
                                     "it; read anew when it changes");
  auto* key = app.add_option("--tls-key", flags.tls_key, "PEM file with the certificate's key");
  listen->needs(certificate)->needs(key);
  certificate->needs(listen);
  key->needs(listen);
}

void DeclarePlatform(CLI::App& app, Flags& flags, CLI::Option& routes) {
  auto* platform = app.add_option("--platform", flags.platform,
                                  "where a platform tells routes and keys: HOST:PORT or unix:PATH");
  platform->excludes(&routes);
  auto* token = app.add_option("--token-file", flags.token_file, "file with the platform's token");
  platform->needs(token);
  token->needs(platform);
  app.add_option("--platform-roots", flags.platform_roots,
                 "PEM file with the platform's root certificate: it is reached over TLS")
      ->needs(platform);
  app.add_option("--identity", flags.identity,
                 "a folder for the gateway's certificate, which the platform makes: it calls "
                 "replicas over TLS in which both ends show a certificate (mTLS)")
      ->needs(platform);
  app.add_option("--hedge", flags.hedge_percentile,
                 "a second attempt of what may be repeated, after this percentile: 95, say")
      ->check(CLI::Range(1.0, 99.9))
      ->needs(platform);
  app.add_flag("--circuit", flags.circuit, "no requests for a while to a deployment that fails")
      ->needs(platform);
  app.add_option("--zone", flags.zone, "where this runs: requests prefer replicas there")
      ->envname("CHAINS_ZONE");
  app.add_option("--grpc-listen", flags.grpc_listen,
                 "where gRPC clients call what the platform has deployed: HOST:PORT or unix:PATH")
      ->needs(platform);
}

void DeclareQueue(CLI::App& app, Flags& flags) {
  auto* queue =
      app.add_option("--async-queue", flags.queue.url,
                     "where calls lie that are made later (async_run_remote): sqlite:FILE, or "
                     "postgresql://USER@HOST/DATABASE, which several gateways may share");
  queue->envname("CHAINS_ASYNC_QUEUE");
  app.add_option("--async-max-running", flags.queue.max_running, "such calls at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--async-keep", flags.keep, "how long results are kept")->capture_default_str();
  auto* secrets =
      app.add_option("--webhook-secret-file", flags.queue.secret_file,
                     "file with a secret on each line, all of which sign what webhooks are told");
  secrets->envname("CHAINS_WEBHOOK_SECRET_FILE");
  app.add_flag("--webhook-allow-private", flags.queue.allow_private,
               "webhooks may lead to private addresses, as those of this machine");
}

void DeclareUi(CLI::App& app, Flags& flags) {
  auto* none = app.add_flag("--no-ui", flags.no_ui, "no page for browsers at /ui/");
  app.add_option("--ui-dir", flags.ui_folder,
                 "a folder with the page's files, read anew with each request: for who writes it")
      ->envname("CHAINS_UI_DIR")
      ->check(CLI::ExistingDirectory)
      ->excludes(none);
}

void DeclareLimits(CLI::App& app, Flags& flags) {
  app.add_option("--max-in-flight", flags.quotas.max_in_flight,
                 "requests at a time, of all clients; more get 503; 0: any number")
      ->capture_default_str();
  app.add_flag("--limits-dry-run", flags.quotas.dry_run,
               "refuse nothing for want of --max-in-flight or a key's limits, only count it");
}

}  // namespace

void Declare(CLI::App& app, Flags& flags) {
  app.add_option("--listen", flags.listen,
                 "where HTTP is answered: HOST:PORT, [HOST]:PORT or unix:PATH")
      ->capture_default_str();
  auto* routes = app.add_option(
      "--route", flags.routes,
      "CHAIN/ENVIRONMENT=ADDRESS[,ADDRESS…] or CHAIN/deployment/ID=ADDRESS: the replicas of "
      "an entrypoint; may be given several times");
  DeclarePlatform(app, flags, *routes);
  DeclareTls(app, flags);
  auto* keys = app.add_option("--api-keys", flags.api_keys,
                              "file with the SHA-256 of a key on each line, in hexadecimal");
  app.add_flag("--no-auth", flags.no_auth, "everybody who reaches the address may call")
      ->excludes(keys);
  app.add_option(
      "--descriptors", flags.descriptors,
      "file with the FileDescriptorSet of the one route's contract, instead of asking its replica");
  app.add_option("--entrypoint", flags.entrypoint,
                 "full name of the one route's entrypoint, instead of asking its replica");
  app.add_option(
      "--cors-origin", flags.cors_origins,
      "pages of this origin, as https://app.example.com, may call from browsers; several "
      "times, or * for all");
  app.add_option("--timeout", flags.timeout, "of a request that has no Chains-Timeout header")
      ->capture_default_str();
  app.add_option("--stream-idle-timeout", flags.stream_idle_timeout,
                 "how long a stream over HTTP may be silent between two items")
      ->capture_default_str();
  app.add_option("--web-socket-lifetime", flags.web_socket_lifetime,
                 "how long a WebSocket may be open in all")
      ->capture_default_str();
  app.add_option("--drain-timeout", flags.drain_timeout, "how long SIGTERM waits for what runs")
      ->capture_default_str();
  app.add_option("--max-connections", flags.max_connections, "open at a time; more have to wait")
      ->capture_default_str();
  DeclareLimits(app, flags);
  app.add_option("--connection-age", flags.connection_age,
                 "after about which time clients are told to open another connection; inf: never")
      ->capture_default_str();
  DeclareQueue(app, flags);
  DeclareUi(app, flags);
  app.add_option("--max-body", flags.max_body,
                 "bytes that the body of a request may have where its method does not say how "
                 "many: 100MiB, 2GB; larger ones get 413")
      ->transform(CLI::AsSizeValue(true))
      ->capture_default_str();
  app.add_option("--check", flags.check,
                 "only ask a gateway for this page, as http://127.0.0.1:8080/healthz, and exit "
                 "with 1 where it does not answer 200: for a container's health check");
}

absl::Status BadFlag(std::string_view flag, const absl::Status& problem) {
  return absl::InvalidArgumentError(Text(flag, ": ", MessageOf(problem)));
}

absl::StatusOr<absl::Duration> ParseTime(std::string_view flag, const std::string& text) {
  absl::Duration time;
  if (absl::ParseDuration(text, &time) && time > absl::ZeroDuration()) return time;
  return absl::InvalidArgumentError(
      Text(flag, " ", text, ": a time as in 60s or 500ms is expected"));
}

}  // namespace chains::gateway
