// Gateway: HTTP requests with JSON to calls of chains, and back.
//
//   auto gateway = Gateway::Create(loop, std::move(targets), options);
//   HttpServer server(loop, sockets, **gateway, HttpOptions());
//   (*gateway)->Start();
//
// Its routes stay, as here, or are exchanged by who knows them: a request ends on those that it
// began with.
//
// Beside the routes' methods it answers GET /healthz (the process lives), /readyz (there are
// routes, every route's contract is known, and it is not draining), /metrics and /openapi.json (of
// one route …/openapi.json), none of which wants a key. POST …/wake starts a platform's deployment.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/gate.h"
#include "chains/core/loop.h"
#include "chains/core/task.h"
#include "gateway/app/async_calls.h"
#include "gateway/app/gateway_options.h"
#include "gateway/app/grpc_call.h"
#include "gateway/app/held_bytes.h"
#include "gateway/app/invocation.h"
#include "gateway/app/metrics.h"
#include "gateway/app/openapi_pages.h"
#include "gateway/app/receipt_header.h"
#include "gateway/app/routes.h"
#include "gateway/app/tally.h"
#include "gateway/app/target.h"
#include "gateway/app/telling.h"
#include "gateway/http/handler.h"
#include "gateway/ui_host/ui_host.h"

namespace chains::gateway {

// For the loop's thread, or while that does not run. It outlives the loop's Blocking work.
class Gateway final : public Handler {
 public:
  using Options = GatewayOptions;

  static absl::StatusOr<std::unique_ptr<Gateway>> Create(
      Loop& loop, std::vector<std::unique_ptr<Target>> targets, Options options);
  // Without routes: requests are refused until there are some.
  static std::unique_ptr<Gateway> Create(Loop& loop, Options options);

  // Requests that begin from now on take these.
  void Exchange(std::shared_ptr<const Routes> routes);
  RoutesInForce& routes() { return routes_; }
  Quotas& quotas() { return quotas_; }
  Metrics& metrics() { return metrics_; }

  // Before Start(): takes requests to be called later (async_calls.h), and those of its store.
  void Queue(AsyncSettings settings);
  // Before Start(): answers people's browsers with its page (ui_host/ui_host.h).
  void Host(UiSettings settings);
  // Whom it tells of what it does, and which requests are traced for that: nobody and none until
  // that is begun. Until then it hands on what callers say of traces, as if it were not there.
  Telling& telling() { return telling_; }
  // Whether there are spans to tell of.
  bool HasToTell() const { return telling_.on() && !telling_.empty(); }
  // Some of its spans; with `measure` also what it has measured by `now`.
  void TellInto(v1::Telemetry& telemetry, bool measure, absl::Time now);

  // Takes no more queued jobs; ends when those that run have ended, at `deadline` at the latest.
  Task<void> EndJobs(absl::Time deadline);

  // Begins to ask for contracts that are not known.
  void Start();
  // Not ready from now on, and asks no more.
  void Stop();
  // What /metrics says about connections.
  void CountConnections(std::function<size_t()> count) { connections_ = std::move(count); }

  bool ready() const;
  // Ends when every route's contract is known or was asked for in vain once.
  Task<void> FirstAnswers() const;

  Admission Admit(const RequestHead& head) override;
  Task<Response> Handle(Request request) override;
  Response Failure(int status, std::string_view text) override;

 private:
  Gateway(Loop& loop, Options options)
      : loop_(loop),
        options_(std::move(options)),
        quotas_(options_.quotas),
        grpc_(loop, routes_,
              {.timeout = options_.timeout,
               .max_timeout = options_.max_timeout,
               .quotas = &quotas_,
               .telling = &telling_,
               .metrics = &metrics_}) {}

  void Measure(v1::Measurements& measurements, absl::Time now) const;
  Task<Response> Call(Request& request, const std::string& request_id, RequestTrace& trace,
                      CallersReceipt& receipt, Tally& tally, int priority);
  absl::Duration UsualTimeout(const json::Transcoder::Method& method) const;
  const json::Transcoder::Method* MethodOfLargeBody(const RequestHead& head) const;
  Task<Response> Invoke(Request& request, Invocation& invocation);
  // A queued request, when its time has come.
  Task<Response> CallQueued(std::shared_ptr<Request> request);
  Task<void> AwaitRoutes();
  Task<Response> AcceptQueued(Request& request, const Target& target,
                              const json::Transcoder::Method& method);
  Task<Response> WakeUp(const Target& target);
  Target& Picked(Target& target);
  bool LeadsElsewhere(const std::string& path, const Deployment& deployment) const;
  absl::StatusOr<const json::Transcoder::Method*> FindMethod(const Target& target,
                                                             const std::string& name) const;
  std::optional<Response> Refuse(const RequestHead& head);
  absl::Status CheckKey(const Routes& routes, std::string_view target,
                        std::optional<std::string_view> authorization) const;
  Quotas::Owner OwnerOf(const RequestHead& head) const;
  // The priority of a request that may begin, which its tally counts from now on.
  absl::StatusOr<int> Begin(const RequestHead& head, const Quotas::Owner& owner, Tally& tally);
  absl::Status MayAsk(const RequestHead& head, std::string_view chain) const;
  Task<Response> OwnPage(const RequestHead& head);
  Response Readiness() const;
  const std::vector<std::shared_ptr<Target>>& targets() const;
  size_t ReadyTargets() const;

  Loop& loop_;
  const Options options_;
  Metrics metrics_;
  HeldBytes held_{options_.streams.max_bytes_held};
  const std::shared_ptr<Metrics::Series> nowhere_ = metrics_.Of({});  // what no route has
  RoutesInForce routes_;
  OpenApiPages openapi_pages_{OpenApiPages::Options()};
  Quotas quotas_;
  Telling telling_;
  GrpcCalls grpc_;
  std::minstd_rand random_{std::random_device{}()};  // which requests a canary gets
  Gate open_sockets_{{.what = "WebSockets", .limit = options_.sockets.max_open}};
  std::function<size_t()> connections_;
  const absl::Time started_ = loop_.Now();
  std::unique_ptr<AsyncCalls> async_;  // null: there is no queue
  std::unique_ptr<UiHost> ui_;         // null: there is no page
  bool stopped_ = false;
};

}  // namespace chains::gateway
