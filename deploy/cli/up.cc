#include "deploy/cli/up.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <ostream>
#include <sys/stat.h>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "chains/chain/memory_size.h"
#include "chains/core/text.h"
#include "chains/grpc/process.h"
#include "chains/main/platform_gateway.h"
#include "chains/policy/faults.h"
#include "deploy/bundle/files.h"
#include "deploy/cli/detached.h"
#include "deploy/platform/local_platform.h"
#include "deploy/platform/names.h"

namespace chains::deploy::cli {
namespace {

constexpr absl::Duration kDrain = absl::Seconds(35);
constexpr size_t kMaxToken = 4096;

absl::StatusOr<Capacity> CapacityFrom(const UpFlags& flags) {
  Capacity capacity = CapacityOfThisMachine();
  if (flags.cpus >= 0) capacity.cpus = flags.cpus;
  if (flags.gpus >= 0) capacity.gpus = flags.gpus;
  if (flags.memory.empty()) return capacity;
  const std::optional<int64_t> bytes = chains::internal::ParseMemorySize(flags.memory);
  if (!bytes) {
    return absl::InvalidArgumentError(
        Text("--memory ", flags.memory, ": a size as in 512Mi or 8Gi is expected"));
  }
  capacity.memory_bytes = *bytes;
  return capacity;
}

// Says which limits they are, because some reports of a replica's end make sense only then.
ReplicaLimits::Means LimitsOf(const Session& session, const UpFlags& flags) {
  ReplicaLimits::Means means;
  absl::StatusOr<std::filesystem::path> own = OwnCgroup();
  absl::StatusOr<Cgroups> cgroups = own.ok() ? Cgroups::Take(*own) : own.status();
  if (cgroups.ok()) {
    session.Note(Text("memory and CPU shares of replicas are limited by cgroups below ",
                      cgroups->root().string()));
    means.cgroups = *std::move(cgroups);
  } else {
    session.Note(Text("memory of replicas is limited by RLIMIT_DATA, their CPUs are not: ",
                      MessageOf(cgroups.status())));
  }
  if (flags.pin_cpus) means.pins.emplace(CpusOfThisThread());
  return means;
}

// The token in `file`, which is made where it is missing, for its owner only.
absl::StatusOr<std::string> GatewayToken(const std::string& file) {
  absl::StatusOr<std::string> made = NewToken();
  if (!made.ok()) return made;
  const FileDescriptor fresh(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR), file);
  if (fresh.is_open()) {
    if (absl::Status written = Files().Write(fresh, Text(*made, "\n")); !written.ok()) {
      return written;
    }
    return made;
  }
  if (errno != EEXIST) return FileError("make", file, errno);
  absl::StatusOr<std::string> kept = ReadFile(file, kMaxToken);
  if (!kept.ok()) return kept;
  std::string token(absl::StripAsciiWhitespace(*kept));
  if (token.empty()) {
    return absl::FailedPreconditionError(
        Text("--gateway-token-file ", file, ": there is no token in it; remove it for a new one"));
  }
  return token;
}

// So that every command works right away, without a flag.
absl::StatusOr<Remote> Remember(const std::filesystem::path& home, LocalPlatform& platform,
                                const PlatformGateway::Addresses& gateway, bool open) {
  absl::StatusOr<Remotes> remotes = LoadRemotes(home);
  if (!remotes.ok()) return remotes.status();
  Remote& local = remotes->by_name["local"];
  local.name = "local";
  local.platform = platform.address();
  local.gateway = gateway.http.empty() ? "" : Text("http://", gateway.http);
  local.grpc = gateway.grpc;
  if (open) {
    local.key.clear();
  } else {
    absl::StatusOr<std::string> key = platform.EnsureKey(local.key);
    if (!key.ok()) return key.status();
    local.key = *std::move(key);
  }
  if (remotes->default_name.empty()) remotes->default_name = "local";
  if (absl::Status saved = SaveRemotes(home, *remotes); !saved.ok()) return saved;
  return local;
}

void Say(const Session& session, const Remote& local, const LocalPlatform& platform,
         const std::string& tls, bool has_page) {
  std::ostream& out = session.out();
  out << "chains is up\n";
  if (has_page) out << "  page      " << local.gateway << "/ui/\n";
  if (!local.gateway.empty()) out << "  HTTP      " << local.gateway << "\n";
  if (!local.grpc.empty()) out << "  gRPC      " << local.grpc << "\n";
  if (!tls.empty()) out << "  both      https://" << tls << "\n";
  out << "  platform  " << local.platform << "\n";
  if (!platform.listening().empty()) out << "  platform  " << platform.listening() << "\n";
  if (!platform.metrics_address().empty()) {
    out << "  metrics   http://" << platform.metrics_address() << "/metrics\n";
  }
  if (!local.key.empty()) out << "  for curl: export CHAINS_API_KEY=" << local.key << "\n";
  out << "Next: chains push FOLDER\n" << std::flush;
}

absl::StatusOr<Faults> FaultsFrom(const UpFlags& flags) {
  Faults faults;
  for (const std::string& text : flags.faults) {
    absl::StatusOr<Faults> parsed = ParseFaults(text);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(Text("--fault ", MessageOf(parsed.status())));
    }
    faults.insert(faults.end(), parsed->begin(), parsed->end());
  }
  return faults;
}

PlatformGateway::Options GatewayOptions(const UpFlags& flags, const LocalPlatform& platform,
                                        const std::filesystem::path& home, std::string ui_folder) {
  PlatformGateway::Options options;
  options.platform = platform.address();
  options.token = platform.gateway_token();
  if (flags.mtls) options.identity = (home / "gateway-identity").string();
  options.http = flags.listen;
  options.grpc = flags.grpc_listen;
  options.cors_origins = flags.cors_origins;
  options.ui = !flags.no_ui;
  options.ui_folder = std::move(ui_folder);
  options.tls = flags.tls_listen;
  options.tls_certificate = flags.tls_certificate;
  options.tls_key = flags.tls_key;
  options.async_queue = Text("sqlite:", (home / "async.db").string());
  options.webhook_secret_file = (home / "webhook-secrets").string();
  options.webhook_allow_private = flags.webhook_allow_private;
  return options;
}

// What is wrong with flags that do not go together; empty where nothing is.
std::string Contradiction(const UpFlags& flags) {
  if (flags.hedge && flags.no_hedge) return "--hedge and --no-hedge exclude each other";
  if (flags.circuit && flags.no_circuit) return "--circuit and --no-circuit exclude each other";
  return "";
}

// What is missing of TLS's flags; empty where nothing is.
std::string MissingOfTls(const UpFlags& flags) {
  const bool listens = !flags.tls_listen.empty();
  const bool has_files = !flags.tls_certificate.empty() && !flags.tls_key.empty();
  const bool has_any = !flags.tls_certificate.empty() || !flags.tls_key.empty();
  if (listens ? has_files : !has_any) return "";
  return "--tls-listen, --tls-cert and --tls-key go together";
}

}  // namespace

std::vector<std::string> ReplicaFlags(const UpFlags& flags) {
  std::vector<std::string> all;
  for (const std::string& fault : flags.faults) all.insert(all.end(), {"--fault", fault});
  if (flags.max_in_flight > 0) {
    all.insert(all.end(), {"--max-in-flight", Text(flags.max_in_flight)});
  }
  if (flags.limits_dry_run) all.push_back("--limits-dry-run");
  if (flags.hedge) all.push_back("--hedge");
  if (flags.no_hedge) all.push_back("--no-hedge");
  if (flags.circuit) all.push_back("--circuit");
  if (flags.no_circuit) all.push_back("--no-circuit");
  return all;
}

int RunUp(Session& session, const UpFlags& flags) {
  const std::string missing = MissingOfTls(flags);
  if (!missing.empty()) return session.Usage(missing);
  const std::string contradiction = Contradiction(flags);
  if (!contradiction.empty()) return session.Usage(contradiction);
  if (flags.detach) return RunDetached(session, flags);
  PrepareProcess(Secrets::kHeld);
  const sigset_t signals = BlockEndSignals();
  absl::StatusOr<Capacity> capacity = CapacityFrom(flags);
  if (!capacity.ok()) return session.Usage(ToStd(capacity.status().message()));
  absl::StatusOr<Faults> faults = FaultsFrom(flags);
  if (!faults.ok()) return session.Usage(ToStd(faults.status().message()));
  if (!faults->empty()) {
    session.Note("calls fail or are late as --fault asks, in every chain of this platform");
  }
  const std::filesystem::path home = HomeFrom(session, flags.home);
  LocalPlatform::Options options;
  options.home = home;
  options.listen = flags.platform_listen;
  options.open = flags.open;
  options.mtls = flags.mtls;
  options.capacity = *capacity;
  options.limits = LimitsOf(session, flags);
  options.replica_flags = ReplicaFlags(flags);
  absl::StatusOr<TracingOptions> tracing =
      MakeTracing(flags.trace_drawn, flags.trace_recorded, flags.otlp);
  if (!tracing.ok()) return session.Usage(MessageOf(tracing.status()));
  options.tracing = *std::move(tracing);
  options.metrics = flags.metrics;
  if (!flags.gateway_token_file.empty()) {
    absl::StatusOr<std::string> token = GatewayToken(flags.gateway_token_file);
    if (!token.ok()) return session.Fail(token.status());
    options.gateway_token = *std::move(token);
  }
  absl::StatusOr<std::unique_ptr<LocalPlatform>> platform =
      LocalPlatform::Start(std::move(options));
  if (!platform.ok()) return session.Fail(platform.status());

  std::unique_ptr<PlatformGateway> gateway;
  PlatformGateway::Addresses addresses;
  if (flags.gateway_token_file.empty()) {
    PlatformGateway::Options settings = GatewayOptions(
        flags, **platform, home, session.world().getenv("CHAINS_UI_DIR").value_or(""));
    settings.faults = *std::move(faults);
    gateway = MakePlatformGateway(std::move(settings));
    absl::StatusOr<PlatformGateway::Addresses> started = gateway->Start();
    if (!started.ok()) return session.Fail(started.status());
    addresses = *std::move(started);
    (*platform)->SetGateway(Text("http://", addresses.http), addresses.grpc);
  }
  absl::StatusOr<Remote> local = Remember(home, **platform, addresses, flags.open);
  if (local.ok()) {
    const bool has_page = gateway != nullptr && !flags.no_ui;
    Say(session, *local, **platform, addresses.tls, has_page);
    int signal = 0;
    sigwait(&signals, &signal);
    session.Note("ending: what runs is finished first");
  }
  const absl::Time deadline = absl::Now() + kDrain;
  if (gateway != nullptr) gateway->Drain(deadline);
  (*platform)->Stop(deadline);
  return local.ok() ? kDone : session.Fail(local.status());
}

}  // namespace chains::deploy::cli
