#include "chains/chain/replica.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "chains/chain/health_monitor.h"
#include "chains/chain/log.h"
#include "chains/chain/product_service.h"
#include "chains/chain/soft_channel.h"
#include "chains/chain/who_may_call.h"
#include "chains/core/text.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/reflection.h"
#include "chains/metrics/process_figures.h"
#include "chains/policy/balanced.h"

namespace chains::internal {
namespace {

// How often Healthy() hooks are asked.
constexpr absl::Duration kHealthPeriod = absl::Seconds(1);
// How often it is looked whether there is room for further calls; at memory more often.
constexpr absl::Duration kVitalsPeriod = absl::Milliseconds(500);

// How long a replica that drains waits until its platform was told, and then still takes calls:
// callers hear of it meanwhile.
constexpr absl::Duration kToldPlatform = absl::Seconds(1);
constexpr absl::Duration kLameDuck = absl::Milliseconds(250);

std::vector<const ChainletSpec*> SpecsOf(const ChainSpec& chain,
                                         const std::vector<std::string>& names) {
  std::vector<const ChainletSpec*> specs;
  for (const std::string& name : names) specs.push_back(chain.Find(name));
  return specs;
}

std::vector<const ServiceInfo*> ContractsOf(const std::vector<const ChainletSpec*>& chainlets) {
  std::vector<const ServiceInfo*> contracts;
  for (const ChainletSpec* each : chainlets) contracts.push_back(each->contract->info);
  return contracts;
}

void FillDefaults(const ChainSpec& chain, Replica::Options& options) {
  if (options.chainlets.empty()) options.chainlets = ImplementedIn(chain);
  if (options.name.empty()) options.name = absl::StrJoin(options.chainlets, "+");
  if (options.max_reactors == 0) {
    options.max_reactors = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
}

// What is no level is told once more with each order.
LogThresholds ThresholdsIn(const v1::ReplicaOrders& orders) {
  LogThresholds thresholds;
  for (const v1::LogThreshold& row : orders.log_thresholds()) {
    const std::optional<Severity> level = ParseSeverity(row.level());
    if (level) {
      thresholds.insert_or_assign(row.chainlet(), *level);
    } else {
      Log(Context(), Severity::kWarning,
          Text("the platform orders a log level '", row.level(),
               "', which is none of debug, info, warning and error: it is left as it was"));
    }
  }
  return thresholds;
}

std::vector<v1::ChainletLoad> LoadsOf(const std::vector<std::string>& chainlets,
                                      const Counters& counters) {
  std::map<std::string, v1::ChainletLoad> loads;
  for (const std::string& chainlet : chainlets) loads[chainlet].set_chainlet(chainlet);
  for (const Counters::Row& row : counters.Snapshot()) {
    auto found = loads.find(row.chainlet);
    if (found == loads.end()) continue;
    v1::ChainletLoad& load = found->second;
    load.set_in_flight(load.in_flight() + row.in_flight);
    load.set_calls(load.calls() + row.calls);
    load.set_failures(load.failures() + row.failures);
  }
  const std::map<std::string, uint64_t> queued = counters.Queued();
  std::vector<v1::ChainletLoad> all;
  for (auto& [chainlet, load] : loads) {
    auto waiting = queued.find(chainlet);
    if (waiting != queued.end()) load.set_in_flight(load.in_flight() + waiting->second);
    all.push_back(std::move(load));
  }
  return all;
}

}  // namespace

std::unique_ptr<Channel> ConnectTo(Reactor& reactor, std::string_view contract,
                                   const std::vector<std::string>& addresses, const WrapWay& wrap,
                                   const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                   const Balancing& balancing, EdgeCounters* counters) {
  const GrpcChannel::Options options{.connections = 1,
                                     .credentials = credentials,
                                     .asks_load = addresses.size() > 1,
                                     .carries = true};
  std::vector<std::unique_ptr<Channel>> channels;
  for (const std::string& address : addresses) {
    channels.push_back(
        Wrapped(wrap, contract, std::make_unique<GrpcChannel>(address, reactor, options)));
  }
  if (channels.size() == 1) return std::move(channels.front());
  return std::make_unique<BalancedChannel>(std::move(channels), balancing, counters);
}

absl::StatusOr<std::unique_ptr<Replica>> Replica::Listen(const ChainSpec& chain, Options options,
                                                         WorkerPool& workers) {
  FillDefaults(chain, options);
  std::unique_ptr<Replica> replica(new Replica(chain, std::move(options)));
  replica->elsewhere_ =
      std::make_unique<ServicesElsewhere>(replica->options_.context, replica->options_.http_client);
  GrpcServer::Options server = ServerOptions(chain, replica->options_);
  if (const Identity* const identity = replica->options_.identity.get()) {
    absl::Status named = CheckNames(replica->options_.chainlets, *identity);
    if (!named.ok()) return named;
    replica->authorization_ = std::make_shared<Authorization>(RulesOf(CallersIn(chain), *identity));
    server.credentials = identity->ForServer(Identity::Callers::kNamed);
    server.authorization = replica->authorization_;
  }
  if (replica->options_.platform) {
    replica->failures_ = std::make_unique<FailureLog>(FailureLog::Options(), WriteLogLine);
    replica->own_spans_ = std::make_unique<SpanQueue>(replica->options_.name);
    server.lame_duck = kLameDuck;
    server.on_failure = [&failures = *replica->failures_](const Context& context,
                                                          const Method& method,
                                                          const absl::Status& failure) {
      failures.Note(context, method, failure, absl::Now());
    };
  }
  server.spans = replica->spans();
  server.traced_times = &replica->counters_;
  replica->BeginToMeasure();
  absl::StatusOr<std::unique_ptr<GrpcServer>> listening =
      GrpcServer::Listen(std::move(server), workers);
  if (!listening.ok()) return listening.status();
  replica->server_ = *std::move(listening);
  if (replica->options_.platform) replica->attachment_ = replica->MakeAttachment();
  return replica;
}

GrpcServer::Options Replica::ServerOptions(const ChainSpec& chain, const Options& options) {
  GrpcServer::Options server;
  server.listen = options.listen;
  server.health_listen = options.health_listen;
  server.replica = options.name;
  const std::vector<const ChainletSpec*> specs = SpecsOf(chain, options.chainlets);
  server.contracts = ContractsOf(specs);
  server.carriers = options.carriers;
  server.reactors = static_cast<size_t>(std::min(options.max_reactors, ReactorsOf(chain, specs)));
  return server;
}

void Replica::BeginToMeasure() {
  const absl::Time now = absl::Now();
  const absl::Time started = ProcessStart(now);
  meter_ = std::make_unique<Meter>(counters_, options_.chainlets, started);
  meter_->Took("load", now - started);
}

// All methods of a chainlet in one histogram, since they share its limits.
void Replica::TimeWhatIsServed(Service& service) {
  std::map<std::string_view, TimeHistogram*> by_chainlet;
  service.Time([&](const Method& method) {
    TimeHistogram*& times = by_chainlet[method.chainlet];
    if (times == nullptr) times = &counters_.AddServed(method.chainlet);
    return times;
  });
}

std::unique_ptr<Attachment> Replica::MakeAttachment() {
  neighbours_ = std::make_unique<Neighbours>(
      [this] { attachment_->ReportSoon(); }, options_.wrap_way,
      [this](std::string_view contract) { return CredentialsTo(contract); }, options_.zone);
  Attachment::Options options = *options_.platform;
  options.replica = options_.name;
  Attachment::Self self = {.addresses = server_->addresses(),
                           .connections = static_cast<uint32_t>(server_->reactor_count()),
                           .zone = options_.zone,
                           .loads = [this] { return LoadsOf(options_.chainlets, counters_); },
                           .tick = [this](absl::Time now) { failures_->Tick(now); },
                           .spans = spans(),
                           .measure = [this](absl::Time now) { return meter_->Take(now); },
                           .take = [this](const v1::ReplicaOrders& orders) { Admit(orders); }};
  return std::make_unique<Attachment>(std::move(options), std::move(self), *neighbours_);
}

std::shared_ptr<grpc::ChannelCredentials> Replica::CredentialsTo(std::string_view contract) const {
  if (options_.identity == nullptr) return nullptr;
  return options_.identity->ToPeer(
      ChainletPeer(options_.identity->trust_domain(), ChainOf(*options_.identity), contract));
}

// What is deployed may be newer than this process's own chain.
void Replica::Admit(const v1::ReplicaOrders& orders) {
  SetLogThresholds(ThresholdsIn(orders));
  if (authorization_ == nullptr || orders.callers().empty()) return;
  authorization_->Set(RulesOf(orders.callers(), *options_.identity));
}

Replica::~Replica() {
  Drain(absl::Now() + absl::Seconds(1));
  if (meter_ != nullptr) meter_->Unwatch();
  monitors_.clear();
  vitals_.reset();
  loopback_.reset();
  assemblies_.clear();
  server_.reset();
}

absl::StatusOr<std::unique_ptr<Assembly>> Replica::Assemble(Reactor& reactor,
                                                            const Endpoints& endpoints) {
  auto to_chainlet = [&](const DependencySpec& dependency,
                         EdgeCounters& counters) -> absl::StatusOr<std::unique_ptr<Channel>> {
    const std::string_view name = dependency.callee->info->name;
    if (neighbours_ != nullptr) {
      std::unique_ptr<ElasticChannel> channel =
          neighbours_->Connect(reactor, name, dependency.balancing, &counters);
      if (!dependency.soft) return channel;
      return std::make_unique<ImpatientChannel>(std::move(channel));
    }
    auto found = endpoints.find(name);
    if (found == endpoints.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("it is not served here; say where it is with --endpoints ",
                       std::string(name), "=ADDRESS"));
    }
    return ConnectTo(reactor, name, found->second, options_.wrap_way, CredentialsTo(name),
                     dependency.balancing, &counters);
  };
  auto to_url = [&](const DependencySpec& dependency, const DeploymentContext& context) {
    return elsewhere_->Connect(reactor, dependency, context);
  };
  return Assembly::Build(
      chain_,
      {.replica = options_.name,
       .local = options_.chainlets,
       .local_calls = LocalCalls::kDirect,
       .ways_out = {.to_chainlet = to_chainlet, .to_url = to_url, .wrap_way = options_.wrap_way},
       .fakes = options_.fakes,
       .context = options_.context,
       .share = static_cast<int>(server_->reactor_count())},
      counters_);
}

absl::Status Replica::ServeOn(size_t reactor, const Endpoints& endpoints) {
  absl::StatusOr<std::unique_ptr<Assembly>> assembly =
      Assemble(server_->reactor(reactor), endpoints);
  if (!assembly.ok()) return assembly.status();
  assemblies_.push_back(*std::move(assembly));
  Service service = assemblies_.back()->service();
  TimeWhatIsServed(service);
  meter_->Watch(server_->reactor(reactor));
  AddProductService(service, chain_, options_.chainlets, options_.name, counters_);
  service.Merge(MakeReflection(ContractsOf(SpecsOf(chain_, options_.chainlets))));
  server_->Serve(reactor, std::move(service));
  monitors_.push_back(std::make_unique<HealthMonitor>(
      server_->reactor(reactor), assemblies_.back()->health_hooks(), kHealthPeriod,
      [this, reactor](const std::string& contract, const absl::Status& health) {
        server_->SetServing(contract, health.ok());
        if (attachment_ != nullptr) attachment_->SetHealth(reactor, contract, health);
      }));
  return absl::OkStatus();
}

absl::Status Replica::Start(const Endpoints& endpoints, const Prepare& prepare) {
  const absl::Time begun = absl::Now();
  for (size_t i = 0; i < server_->reactor_count(); ++i) {
    absl::Status serves = ServeOn(i, endpoints);
    if (!serves.ok()) return serves;
  }
  meter_->Took("construct", absl::Now() - begun);
  loopback_ = std::make_unique<LoopbackChannel>(assemblies_.front()->service());
  if (prepare != nullptr) {
    absl::Status prepared = prepare(server_->reactor(0), *loopback_);
    if (!prepared.ok()) return prepared;
  }
  if (options_.watch_vitals) WatchVitals();
  if (attachment_ != nullptr) attachment_->Start(server_->reactor(0));
  server_->Start();
  meter_->Took("ready", absl::Now() - ProcessStart(absl::Now()));
  started_ = true;
  return absl::OkStatus();
}

void Replica::WatchVitals() {
  VitalsReader::Options options;
  if (!options_.context.data_dir.empty()) options.disks.push_back(options_.context.data_dir);
  options.disks.push_back(std::filesystem::temp_directory_path());
  auto reader = std::make_shared<const VitalsReader>(std::move(options));
  vitals_ = std::make_unique<VitalsMonitor>(
      server_->reactor(0),
      VitalsMonitor::Read{.all = [reader] { return reader->Read(); },
                          .memory = [reader] { return reader->Memory(); }},
      kVitalsPeriod, [this](const Judgement& found) { HasChanged(found); });
}

void Replica::HasChanged(const Judgement& found) {
  if (!found.strained.ok()) Log(Context(), Severity::kWarning, MessageOf(found.strained));
  const absl::Status& fit = found.fit;
  if (std::exchange(fit_, fit.ok()) == fit.ok()) return;
  Log(Context(), fit.ok() ? Severity::kInfo : Severity::kWarning,
      fit.ok() ? "there is room again: calls are taken"
               : Text("no calls are taken: ", MessageOf(fit)));
  server_->Refuse(fit.ok() ? fit : RefusalOf(options_.name, fit));
  server_->SetServing(fit.ok());
  if (attachment_ != nullptr) attachment_->SetHealth(0, "resources", fit);
}

void Replica::Drain(absl::Time deadline) {
  if (server_ == nullptr) return;
  if (attachment_ != nullptr && std::exchange(started_, false)) {
    attachment_->BeginDrain(std::min(deadline, absl::Now() + kToldPlatform));
  }
  server_->Drain(deadline);
}

}  // namespace chains::internal
