#include "chains/chain/running_chain.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/chain/problem.h"
#include "chains/chain/replica.h"
#include "chains/chain/services_elsewhere.h"
#include "chains/core/worker_pool.h"

namespace chains {
namespace {

// By the method's chainlet.
class RoutingChannel final : public Channel {
 public:
  void Add(std::string contract, Channel& channel) { ways_[std::move(contract)] = &channel; }
  Task<Bytes> Unary(const Method& method, Bytes request) override {
    auto way = ways_.find(method.chainlet);
    if (way == ways_.end()) return chains::Done<Bytes>(NotHere(method));
    return way->second->Unary(method, std::move(request));
  }
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override {
    auto way = ways_.find(method.chainlet);
    if (way == ways_.end()) return Fail(NotHere(method));
    return way->second->Streaming(method, std::move(requests));
  }

 private:
  static absl::Status NotHere(const Method& method) {
    return absl::UnimplementedError(absl::StrCat("no chainlet ", std::string(method.chainlet)));
  }
  static Stream<Bytes> Fail(absl::Status status) {
    co_await status;
    co_return;
  }
  std::map<std::string, Channel*, std::less<>> ways_;
};

}  // namespace

class RunningChain::Impl {
 public:
  Impl(internal::ChainSpec spec, LocalOptions options)
      : spec_(std::move(spec)),
        options_(std::move(options)),
        workers_(WorkerPool::Options{.threads = options_.worker_threads}),
        reactor_(workers_),
        elsewhere_(options_.context, options_.http_client) {
    for (const FakeChainlet& fake : options_.fakes) {
      fakes_[std::string(fake.contract()->info->name)] = fake.chainlet();
    }
  }
  ~Impl() {
    reactor_.Stop();
    stubs_.clear();
    replicas_.clear();
  }

  absl::Status Start(Placement placement) {
    absl::Status started = placement == Placement::kGrpc ? StartReplicas() : StartHere(placement);
    reactor_.Start();
    return started;
  }

  void* Find(const internal::ContractOps& contract) {
    if (assembly_ != nullptr) return assembly_->Find(contract.info->name);
    auto stub = stubs_.find(contract.info->name);
    return stub == stubs_.end() ? nullptr : stub->second.get();
  }
  Channel& channel() { return loopback_ != nullptr ? *loopback_ : static_cast<Channel&>(routing_); }
  Reactor& reactor() { return reactor_; }

  std::vector<Counters::Row> counters() const {
    if (assembly_ != nullptr) return counters_.Snapshot();
    std::vector<Counters::Row> rows;
    for (const std::unique_ptr<internal::Replica>& replica : replicas_) {
      for (Counters::Row& row : replica->counters()) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  absl::Status StartHere(Placement placement) {
    using internal::LocalCalls;
    internal::WaysOut ways_out;
    ways_out.to_url = [this](const internal::DependencySpec& dependency,
                             const DeploymentContext& context) {
      return elsewhere_.Connect(reactor_, dependency, context);
    };
    ways_out.wrap_way = internal::WrapWithFaults(options_.faults);
    internal::Assembly::Options options = {.replica = "local",
                                           .local = {},
                                           .local_calls = placement == Placement::kTogether
                                                              ? LocalCalls::kDirect
                                                              : LocalCalls::kInWireFormat,
                                           .ways_out = std::move(ways_out),
                                           .fakes = fakes_,
                                           .context = options_.context};
    absl::StatusOr<std::unique_ptr<internal::Assembly>> assembly =
        internal::Assembly::Build(spec_, std::move(options), counters_);
    if (!assembly.ok()) return assembly.status();
    assembly_ = *std::move(assembly);
    if (options_.faults.empty()) {
      loopback_ = std::make_unique<LoopbackChannel>(assembly_->service());
    } else {
      for (const internal::ChainletSpec& chainlet : spec_.chainlets) AddFaultyWay(chainlet.name());
    }
    return absl::OkStatus();
  }

  // From outside, to what is on this reactor.
  void AddFaultyWay(std::string_view contract) {
    if (assembly_->Find(contract) == nullptr) return;
    channels_.push_back(WithFaults(std::make_unique<LoopbackChannel>(assembly_->service()),
                                   contract, options_.faults));
    routing_.Add(std::string(contract), *channels_.back());
  }

  // All are bound first, so that every one knows the others' addresses.
  absl::Status StartReplicas() {
    internal::Endpoints endpoints;
    for (const internal::ChainletSpec& chainlet : spec_.chainlets) {
      const std::string name(chainlet.name());
      if (chainlet.build == nullptr && !fakes_.contains(name)) continue;
      internal::Replica::Options options;
      options.chainlets = {name};
      options.context = options_.context;
      options.fakes = fakes_;
      options.http_client = options_.http_client;
      options.max_reactors = 1;
      options.spans = options_.spans;
      options.wrap_way = internal::WrapWithFaults(options_.faults);
      absl::StatusOr<std::unique_ptr<internal::Replica>> replica =
          internal::Replica::Listen(spec_, std::move(options), workers_);
      if (!replica.ok()) return replica.status();
      endpoints[name] = (*replica)->addresses();
      replicas_.push_back(*std::move(replica));
    }
    for (std::unique_ptr<internal::Replica>& replica : replicas_) {
      absl::Status started = replica->Start(endpoints);
      if (!started.ok()) return started;
    }
    for (const auto& [contract, addresses] : endpoints) {
      channels_.push_back(internal::ConnectTo(reactor_, contract, addresses,
                                              internal::WrapWithFaults(options_.faults)));
      stubs_[contract] = spec_.Find(contract)->contract->connect(*channels_.back());
      routing_.Add(contract, *channels_.back());
    }
    return absl::OkStatus();
  }

  const internal::ChainSpec spec_;
  const LocalOptions options_;
  std::map<std::string, void*, std::less<>> fakes_;
  Counters counters_;
  WorkerPool workers_;
  // Together and loopback: everything is on this reactor. Grpc: calls from outside are.
  Reactor reactor_;
  internal::ServicesElsewhere elsewhere_;
  std::unique_ptr<internal::Assembly> assembly_;
  std::unique_ptr<LoopbackChannel> loopback_;
  std::vector<std::unique_ptr<internal::Replica>> replicas_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::map<std::string, std::shared_ptr<void>, std::less<>> stubs_;
  RoutingChannel routing_;
};

internal::ChainSpec internal::WithFakes(const ChainSpec& chain,
                                        const std::vector<FakeChainlet>& fakes) {
  ChainSpec spec = chain;
  for (const FakeChainlet& fake : fakes) {
    if (spec.Find(fake.contract()->info->name) != nullptr) continue;
    ChainletSpec declared;
    declared.contract = fake.contract();
    declared.where = chain.where;
    spec.chainlets.push_back(std::move(declared));
  }
  return spec;
}

internal::Given internal::GivenBy(const LocalOptions& options) {
  Given given;
  for (const FakeChainlet& fake : options.fakes) {
    given.fakes.emplace_back(fake.contract()->info->name);
  }
  given.assets = options.context.assets;
  return given;
}

absl::StatusOr<std::unique_ptr<RunningChain>> RunningChain::Start(const Chain& chain,
                                                                  Placement placement,
                                                                  LocalOptions options) {
  absl::StatusOr<internal::ChainSpec> placed = internal::WithUrls(chain.spec(), options.urls);
  if (!placed.ok()) return placed.status();
  internal::ChainSpec spec = internal::WithFakes(*placed, options.fakes);
  const std::vector<internal::Problem> problems =
      internal::Validate(spec, internal::GivenBy(options));
  if (!problems.empty()) return absl::InvalidArgumentError(internal::ProblemText(problems));
  auto impl = std::make_unique<Impl>(std::move(spec), std::move(options));
  absl::Status started = impl->Start(placement);
  if (!started.ok()) return started;
  return std::unique_ptr<RunningChain>(new RunningChain(std::move(impl)));
}

RunningChain::RunningChain(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunningChain::~RunningChain() = default;

void* RunningChain::Find(const internal::ContractOps& contract) { return impl_->Find(contract); }
Channel& RunningChain::channel() { return impl_->channel(); }
Reactor& RunningChain::reactor() { return impl_->reactor(); }
std::vector<Counters::Row> RunningChain::counters() const { return impl_->counters(); }

absl::Status RunningChain::NotInChain(std::string_view contract) {
  return absl::NotFoundError(absl::StrCat("the chain has no chainlet ", std::string(contract),
                                          " that runs here: add it, or give a fake"));
}

}  // namespace chains
