#include "chains/chain/replica.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "chains/chain/health_monitor.h"
#include "chains/chain/product_service.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/reflection.h"
#include "chains/policy/balanced.h"

namespace chains::internal {
namespace {

// How often Healthy() hooks are asked.
constexpr absl::Duration kHealthPeriod = absl::Seconds(1);

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
  if (options.chainlets.empty()) {
    for (const ChainletSpec& chainlet : chain.chainlets) {
      if (chainlet.build != nullptr) options.chainlets.emplace_back(chainlet.name());
    }
  }
  if (options.name.empty()) options.name = absl::StrJoin(options.chainlets, "+");
  if (options.max_reactors == 0) {
    options.max_reactors = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
}

}  // namespace

std::unique_ptr<Channel> ConnectTo(Reactor& reactor, const std::vector<std::string>& addresses) {
  std::vector<std::unique_ptr<Channel>> channels;
  for (const std::string& address : addresses) {
    channels.push_back(std::make_unique<GrpcChannel>(address, reactor));
  }
  if (channels.size() == 1) return std::move(channels.front());
  return std::make_unique<BalancedChannel>(std::move(channels), BalancedChannel::Options());
}

absl::StatusOr<std::unique_ptr<Replica>> Replica::Listen(const ChainSpec& chain, Options options,
                                                         WorkerPool& workers) {
  FillDefaults(chain, options);
  GrpcServer::Options server;
  server.listen = options.listen;
  server.health_listen = options.health_listen;
  server.replica = options.name;
  const std::vector<const ChainletSpec*> specs = SpecsOf(chain, options.chainlets);
  server.contracts = ContractsOf(specs);
  server.reactors = static_cast<size_t>(std::min(options.max_reactors, ReactorsOf(chain, specs)));
  absl::StatusOr<std::unique_ptr<GrpcServer>> listening =
      GrpcServer::Listen(std::move(server), workers);
  if (!listening.ok()) return listening.status();
  return std::unique_ptr<Replica>(new Replica(chain, std::move(options), *std::move(listening)));
}

Replica::~Replica() {
  Drain(absl::Now() + absl::Seconds(1));
  monitors_.clear();
  loopback_.reset();
  assemblies_.clear();
  server_.reset();
}

absl::StatusOr<std::unique_ptr<Assembly>> Replica::Assemble(Reactor& reactor,
                                                            const Endpoints& endpoints) {
  auto connect = [&](std::string_view name) -> absl::StatusOr<std::unique_ptr<Channel>> {
    auto found = endpoints.find(name);
    if (found == endpoints.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("it is not served here; say where it is with --endpoints ",
                       std::string(name), "=ADDRESS"));
    }
    return ConnectTo(reactor, found->second);
  };
  return Assembly::Build(chain_,
                         {.replica = options_.name,
                          .local = options_.chainlets,
                          .local_calls = LocalCalls::kDirect,
                          .connect = connect,
                          .fakes = options_.fakes,
                          .context = options_.context,
                          .share = static_cast<int>(server_->reactor_count())},
                         counters_);
}

absl::Status Replica::Start(const Endpoints& endpoints, const Prepare& prepare) {
  const std::vector<const ServiceInfo*> contracts =
      ContractsOf(SpecsOf(chain_, options_.chainlets));
  for (size_t i = 0; i < server_->reactor_count(); ++i) {
    absl::StatusOr<std::unique_ptr<Assembly>> assembly = Assemble(server_->reactor(i), endpoints);
    if (!assembly.ok()) return assembly.status();
    assemblies_.push_back(*std::move(assembly));
    Service service = assemblies_.back()->service();
    AddProductService(service, chain_, options_.chainlets, options_.name, counters_);
    service.Merge(MakeReflection(contracts));
    server_->Serve(i, std::move(service));
    monitors_.push_back(std::make_unique<HealthMonitor>(
        server_->reactor(i), assemblies_.back()->health_hooks(), kHealthPeriod,
        [this](const std::string& contract, const absl::Status& health) {
          server_->SetServing(contract, health.ok());
        }));
  }
  loopback_ = std::make_unique<LoopbackChannel>(assemblies_.front()->service());
  if (prepare != nullptr) {
    absl::Status prepared = prepare(server_->reactor(0), *loopback_);
    if (!prepared.ok()) return prepared;
  }
  server_->Start();
  return absl::OkStatus();
}

void Replica::Drain(absl::Time deadline) { server_->Drain(deadline); }

}  // namespace chains::internal
