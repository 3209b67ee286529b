// Replica: a process's side of a chain: a server for some of its chainlets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/chain/assembly.h"
#include "chains/chain/attachment.h"
#include "chains/chain/failure_log.h"
#include "chains/chain/health_monitor.h"
#include "chains/chain/neighbours.h"
#include "chains/chain/services_elsewhere.h"
#include "chains/chain/spec.h"
#include "chains/chain/vitals_monitor.h"
#include "chains/contract/spans.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/authorization.h"
#include "chains/grpc/identity.h"
#include "chains/grpc/server.h"
#include "chains/metrics/meter.h"
#include "chains/policy/counters.h"

namespace chains::internal {

// Where chainlets of other processes are: addresses of replicas by contract.
using Endpoints = std::map<std::string, std::vector<std::string>, std::less<>>;

// A channel from `reactor` to all of `addresses`, at least one, where `contract` is served;
// `credentials` null: in plaintext. `counters` outlives it; may be null.
std::unique_ptr<Channel> ConnectTo(
    Reactor& reactor, std::string_view contract, const std::vector<std::string>& addresses,
    const WrapWay& wrap = nullptr,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials = nullptr,
    const Balancing& balancing = {}, EdgeCounters* counters = nullptr);

// Thread-safe but for construction and Start. Destroying it drains for at most a second.
class Replica {
 public:
  struct Options {
    std::vector<std::string> chainlets;  // contracts to serve; empty: all that are implemented
    std::vector<std::string> listen = {"127.0.0.1:0"};
    std::string health_listen = "";  // a second port that answers health only
    std::string name = "";           // of this process; by default what it serves
    std::string zone = "";           // where it runs; its calls prefer replicas there
    bool carriers = true;            // callers' small calls may share a stream
    DeploymentContext::Contents context = {};
    std::map<std::string, void*, std::less<>> fakes = {};
    // 0: as many as there are processors for this process. More would share them, and find fewer
    // events each time that they wake.
    int max_reactors = 0;
    // Whom it is a replica of. The platform says where other chainlets are, and calls to those that
    // are nowhere wait. Calls that fail unforeseen are logged.
    std::optional<Attachment::Options> platform = std::nullopt;
    http::MakeTransport http_client = nullptr;  // for urls that want one; may be null
    WrapWay wrap_way = nullptr;  // what its calls to other processes go through last of all
    // mTLS: who it is, with the name of each chainlet that it serves. Then it answers those that
    // depend on these, and the gateway; null: in plaintext, whoever reaches it.
    std::shared_ptr<const Identity> identity = nullptr;
    // Where spans of traced calls go; outlives the replica. Null: to the platform, if it has one.
    SpanQueue* spans = nullptr;
    // Takes no calls while memory or room on a disk is used up; tells of other things that are.
    bool watch_vitals = true;
  };
  // Binds the addresses. `chain` is valid; it and `workers` outlive the replica.
  static absl::StatusOr<std::unique_ptr<Replica>> Listen(const ChainSpec& chain, Options options,
                                                         WorkerPool& workers);
  ~Replica();
  Replica(const Replica&) = delete;

  // The bound addresses, with the ports that were chosen.
  std::vector<std::string> addresses() const { return server_->addresses(); }
  const std::string& name() const { return options_.name; }
  const std::vector<std::string>& chainlets() const { return options_.chainlets; }

  // Builds the chainlets and answers calls from now on. Before the first, `prepare` may add to what
  // reactor 0 serves; its channel reaches the chainlets that are built on it.
  using Prepare = std::function<absl::Status(Reactor& reactor, Channel& chainlets)>;
  // `endpoints` is where other chainlets are, for a replica without a platform.
  absl::Status Start(const Endpoints& endpoints, const Prepare& prepare = nullptr);
  // Not ready any more; finishes what runs, until `deadline`. The platform hears of it before.
  void Drain(absl::Time deadline);

  // What it has done so far, once it listens.
  Meter& meter() { return *meter_; }
  std::vector<Counters::Row> counters() const { return counters_.Snapshot(); }
  std::vector<Counters::EdgeRow> edges() const { return counters_.Edges(); }
  // Of traced calls; null where none are.
  SpanQueue* spans() const { return options_.spans != nullptr ? options_.spans : own_spans_.get(); }

 private:
  Replica(const ChainSpec& chain, Options options) : chain_(chain), options_(std::move(options)) {}
  static GrpcServer::Options ServerOptions(const ChainSpec& chain, const Options& options);
  absl::StatusOr<std::unique_ptr<Assembly>> Assemble(Reactor& reactor, const Endpoints& endpoints);
  absl::Status ServeOn(size_t reactor, const Endpoints& endpoints);
  std::unique_ptr<Attachment> MakeAttachment();
  std::shared_ptr<grpc::ChannelCredentials> CredentialsTo(std::string_view contract) const;
  void Admit(const v1::ReplicaOrders& orders);
  void BeginToMeasure();
  void TimeWhatIsServed(Service& service);
  void WatchVitals();
  void HasChanged(const Judgement& found);

  const ChainSpec& chain_;
  const Options options_;
  Counters counters_;
  std::unique_ptr<Meter> meter_;
  std::unique_ptr<SpanQueue> own_spans_;          // under a platform
  std::shared_ptr<Authorization> authorization_;  // null without an identity
  // Under a platform. Before the server, on whose reactors they are.
  std::unique_ptr<FailureLog> failures_;
  std::unique_ptr<Neighbours> neighbours_;
  std::unique_ptr<ServicesElsewhere> elsewhere_;
  std::unique_ptr<Attachment> attachment_;
  std::unique_ptr<GrpcServer> server_;
  std::vector<std::unique_ptr<Assembly>> assemblies_;  // one per reactor
  std::unique_ptr<LoopbackChannel> loopback_;          // to the first of them
  std::vector<std::unique_ptr<HealthMonitor>> monitors_;
  std::unique_ptr<VitalsMonitor> vitals_;
  bool fit_ = true;  // as it found; reactor 0's
  bool started_ = false;
};

}  // namespace chains::internal
