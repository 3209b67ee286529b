// GrpcServer: serves chainlets over gRPC, on as many reactors as it is told to.
//
//   chains::GrpcServer::Options options;
//   options.listen = {"127.0.0.1:0", "unix:/run/hello.sock"};
//   absl::StatusOr<std::unique_ptr<chains::GrpcServer>> server =
//       chains::GrpcServer::Listen(std::move(options), workers);
//   (*server)->Serve(0, chains::Contract<hello::SayHello>::Serve(polite));
//   (*server)->Start();
//   …
//   (*server)->Drain(absl::Now() + absl::Seconds(30));
//
// A request runs on the reactor that took it, under a Context of the caller's deadline, trace and
// headers. A caller that leaves, or whose deadline passes, drops the request and all it waits for.
// Every server answers grpc.health.v1.Health.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/contract/method.h"
#include "chains/contract/service.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/authorization.h"
#include "chains/grpc/reactor.h"

namespace grpc {
class ServerCredentials;
}

namespace chains {

namespace internal {
class Lane;
class Listener;
class TracedTimes;
}  // namespace internal
class SpanQueue;

// Methods are for one thread at a time, which is none of the reactors', unless they say otherwise.
class GrpcServer {
 public:
  struct Options {
    std::vector<std::string> listen;  // "127.0.0.1:0", "unix:/path"; at least one
    // Further ones that are in plaintext whatever `credentials` says: for addresses that only this
    // user, or only this pod, reaches.
    std::vector<std::string> listen_plainly = {};
    // Of the services that Serve() will be given. Calls of their methods cost less than those of
    // others, which are served as well.
    std::vector<const ServiceInfo*> contracts;
    // Whether callers' small calls may share a stream, of theirs (grpc/served_carrier.h).
    bool carriers = true;
    size_t reactors = 1;
    std::string replica;       // the name of this process, for messages
    size_t max_calls = 20000;  // accepted and unfinished, per reactor; more are refused
    // A further address that answers health checks only, in plaintext; may be empty.
    std::string health_listen;
    // With it `listen` is TLS, and callers have names (grpc/identity.h); null: plaintext.
    std::shared_ptr<grpc::ServerCredentials> credentials = nullptr;
    // Which names may call what, health left aside; null: whoever gets as far, all.
    std::shared_ptr<const Authorization> authorization = nullptr;
    // How long Drain still takes calls after health said NOT_SERVING, so that callers learn of it.
    absl::Duration lame_duck = absl::ZeroDuration();
    // How old a connection gets, give or take a tenth, before its caller is told to open another
    // one (GOAWAY); what runs on it is finished. So that callers behind a balancer of connections
    // come to replicas that are new. Zero: as old as it likes.
    absl::Duration max_connection_age = absl::ZeroDuration();
    // Where what traced calls did here goes; outlives the server. Null: none are traced.
    SpanQueue* spans = nullptr;
    // Told of the times of calls that are recorded; outlives it. May be null.
    internal::TracedTimes* traced_times = nullptr;
    // Told of every call that failed by itself, on its reactor's thread; must not block. May be
    // null.
    std::function<void(const Context& context, const Method& method, const absl::Status& failure)>
        on_failure;
  };
  // Binds every address. An address in use is an error that names it: nobody else may listen there.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Listen(Options options, WorkerPool& workers);
  ~GrpcServer();  // drains without patience
  GrpcServer(const GrpcServer&) = delete;

  size_t reactor_count() const { return lanes_.size(); }
  Reactor& reactor(size_t i);

  // Adds the methods of `service` to those that a reactor answers. Before Start(). Its handlers are
  // kept until the GrpcServer is destroyed, what they refer to must be until Drain() returned.
  void Serve(size_t reactor, Service service);
  // Who answers calls on that reactor of methods that no service has. Health and reflection are its
  // to answer, too. Before Start(); it is kept, and what it refers to must be, as with Serve().
  void SetFallback(size_t reactor, Fallback fallback);
  // Starts the reactors and takes calls; health says SERVING.
  void Start();

  // What was listened on, with the ports that were chosen: "127.0.0.1:41234", "unix:/path"; those
  // of `listen_plainly` last.
  const std::vector<std::string>& addresses() const { return addresses_; }
  const std::string& health_address() const { return health_address_; }  // empty without

  // What health says of the process, and of one contract ("hello.SayHello"): it is SERVING when
  // both are. Any thread, until Drain().
  void SetServing(bool serving) { SetServing("", serving); }
  void SetServing(std::string_view contract, bool serving);

  // Calls that come from now on are refused, with `why`; those that run go on, health and
  // reflection answer. OK: they are taken again. Any thread, until Drain().
  void Refuse(absl::Status why);

  // Health says NOT_SERVING, callers are told to go once nothing runs, or after a second, and what
  // runs is finished. What still runs at
  // `deadline` is cancelled and answered with UNAVAILABLE. Then the reactors stop. Blocking work is
  // waited for in any case. Repeating it does nothing.
  void Drain(absl::Time deadline);

  // Requests that were taken and not answered yet, health and reflection left aside. Any thread.
  size_t in_flight() const;

 private:
  explicit GrpcServer(Options options);
  absl::Status Bind(WorkerPool& workers);
  void AwaitRest(absl::Time until) const;

  const Options options_;
  std::vector<std::string> addresses_;
  std::string health_address_;
  std::unique_ptr<internal::Listener> listener_;         // of addresses_
  std::unique_ptr<internal::Listener> health_listener_;  // of health_address_; may be null
  std::vector<internal::Lane*> lanes_;                   // listener_'s, one per reactor
  bool started_ = false;
  bool drained_ = false;
};

}  // namespace chains
