// chains-platform: the platform of a Kubernetes cluster.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>

#include "chains/core/text.h"
#include "chains/grpc/health_check.h"
#include "chains/grpc/process.h"
#include "chains/http/curl_transport.h"
#include "deploy/apiserver/server_address.h"
#include "deploy/bundle/s3_store.h"
#include "deploy/platform/cluster_platform.h"
#include "deploy/platform/names.h"

namespace chains::deploy {
namespace {

constexpr int kUsage = 2;

struct Flags {
  std::string settings;
  std::string home = "/var/lib/chains";
  std::string listen = "0.0.0.0:7070";
  std::string tunnel_listen = "127.0.0.1:7071";
  std::string health_listen = "0.0.0.0:7072";
  std::string kubeconfig;
  std::string context;
  std::string s3;
  bool open = false;
  std::string otlp;
  std::string metrics;
  double trace_drawn = 1;
  double trace_recorded = 5;
};

void Declare(CLI::App& app, Flags& flags) {
  app.add_option(
      "--settings", flags.settings,
      "file with what an administrator decides, as JSON; without it all is as by default");
  app.add_option("--home", flags.home, "folder for bundles and logs")->capture_default_str();
  app.add_option("--listen", flags.listen,
                 "where command lines, gateways and pods come to: HOST:PORT")
      ->capture_default_str();
  app.add_option(
         "--tunnel-listen", flags.tunnel_listen,
         "where the same is answered in plaintext, for tunnels through the API server, which "
         "end inside of the pod: HOST:PORT")
      ->capture_default_str();
  app.add_option("--health-listen", flags.health_listen,
                 "where health alone is answered, in plaintext: HOST:PORT")
      ->capture_default_str();
  app.add_option("--kubeconfig", flags.kubeconfig,
                 "file that says where the cluster is; in a pod its service account does");
  app.add_option("--context", flags.context, "of the kubeconfig; else its current one");
  app.add_option(
      "--s3", flags.s3,
      "ENDPOINT/BUCKET[/PREFIX] that keeps bundles for several platforms, beside --home; "
      "keys and region by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION");
  app.add_option("--otlp", flags.otlp,
                 "an OpenTelemetry collector that gets the traces that are kept, as "
                 "http://collector:4318");
  app.add_option("--trace-drawn", flags.trace_drawn, "percent of requests that are traced and kept")
      ->capture_default_str();
  app.add_option("--trace-recorded", flags.trace_recorded,
                 "percent of requests that are traced, and kept if they fail or are slow")
      ->capture_default_str();
  app.add_option("--metrics", flags.metrics,
                 "where Prometheus is answered, once this platform leads: HOST:PORT")
      ->envname("CHAINS_METRICS");
  app.add_flag("--open", flags.open, "nobody is asked for a key");
}

void Say(const absl::Status& status) {
  std::fprintf(stderr, "chains-platform: %s\n", std::string(MessageOf(status)).c_str());
  std::fflush(stderr);
}

// Whoever started this process starts another.
[[noreturn]] void EndAtOnce(const absl::Status& why) {
  Say(why);
  std::_Exit(EXIT_FAILURE);
}

absl::StatusOr<ClusterSettings> SettingsFrom(const std::string& path) {
  if (path.empty()) return ClusterSettings();
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file || file.bad()) {
    return absl::InvalidArgumentError(Text("--settings ", path, ": it cannot be read"));
  }
  absl::StatusOr<ClusterSettings> settings = ParseClusterSettings(text);
  if (settings.ok()) return settings;
  return absl::InvalidArgumentError(Text("--settings ", path, ": ", MessageOf(settings.status())));
}

// Of this process alone: in a pod the host's name is the pod's.
absl::StatusOr<std::string> Identity() {
  std::string host(256, '\0');
  if (gethostname(host.data(), host.size() - 1) != 0) host = "platform";
  host.resize(host.find('\0'));
  absl::StatusOr<std::string> suffix = NewReplicaSuffix();
  if (!suffix.ok()) return suffix;
  return Text(host, "_", *suffix);
}

absl::StatusOr<ClusterPlatform::Options> OptionsFrom(const Flags& flags) {
  absl::StatusOr<ClusterSettings> settings = SettingsFrom(flags.settings);
  if (!settings.ok()) return settings.status();
  absl::StatusOr<std::string> identity = Identity();
  if (!identity.ok()) return identity.status();
  ClusterPlatform::Options options;
  options.settings = *std::move(settings);
  options.home = flags.home;
  options.listen = flags.listen;
  options.tunnel_listen = flags.tunnel_listen;
  options.health_listen = flags.health_listen;
  options.identity = *std::move(identity);
  options.open = flags.open;
  options.on_lost = EndAtOnce;
  absl::StatusOr<TracingOptions> tracing =
      MakeTracing(flags.trace_drawn, flags.trace_recorded, flags.otlp);
  if (!tracing.ok()) return tracing.status();
  options.tracing = *std::move(tracing);
  options.metrics = flags.metrics;
  if (flags.s3.empty()) return options;
  absl::StatusOr<S3Store::Options> bucket = S3Store::OptionsOf(flags.s3, ProcessEnvironment());
  if (!bucket.ok()) {
    return absl::Status(bucket.status().code(), Text("--s3: ", MessageOf(bucket.status())));
  }
  absl::StatusOr<std::unique_ptr<S3Store>> objects = S3Store::Make(*std::move(bucket));
  if (!objects.ok()) {
    return absl::Status(objects.status().code(), Text("--s3: ", MessageOf(objects.status())));
  }
  options.objects = *std::move(objects);
  return options;
}

int Serve(const Flags& flags) {
  PrepareProcess(Secrets::kHeld);
  const sigset_t signals = BlockEndSignals();
  absl::StatusOr<ClusterPlatform::Options> options = OptionsFrom(flags);
  absl::StatusOr<ServerAddress> address =
      FindServer({.kubeconfig = flags.kubeconfig, .context = flags.context}, ProcessEnvironment());
  for (const absl::Status& status : {options.status(), address.status()}) {
    if (status.ok()) continue;
    Say(status);
    return kUsage;
  }
  absl::StatusOr<std::unique_ptr<http::CurlTransport>> transport =
      http::CurlTransport::Make(*std::move(address));
  if (!transport.ok()) {
    Say(transport.status());
    return kUsage;
  }
  ClusterPlatform platform(**transport, *std::move(options));
  // It may wait for its turn for ever; a signal ends that.
  std::thread starting([&platform] {
    const absl::Status started = platform.Start();
    if (absl::IsCancelled(started)) return;
    if (!started.ok()) EndAtOnce(started);
    std::printf("chains-platform answers at %s\n", platform.address().c_str());
    std::fflush(stdout);
  });
  int signal = 0;
  sigwait(&signals, &signal);
  platform.Stop();
  starting.join();
  return 0;
}

}  // namespace
}  // namespace chains::deploy

int main(int argc, char** argv) {
  // For a container's health check: does the platform at this address serve?
  if (argc == 3 && std::string_view(argv[1]) == "--check") {
    return chains::CheckHealth(argv[2], std::cerr);
  }
  CLI::App app("The platform of a Kubernetes cluster: decides what runs of the chains there.",
               "chains-platform");
  chains::deploy::Flags flags;
  chains::deploy::Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : chains::deploy::kUsage;
  }
  return chains::deploy::Serve(flags);
}
