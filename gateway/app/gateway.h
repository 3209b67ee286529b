// Gateway: HTTP requests with JSON to calls of chains, and back.
//
//   auto gateway = Gateway::Create(loop, std::move(targets), options);
//   HttpServer server(loop, sockets, **gateway, HttpOptions());
//   (*gateway)->Start();
//
// Beside the routes' methods it answers GET /healthz (the process lives), /readyz (every route's
// contract is known, and it is not draining), /metrics and /openapi.json, none of which wants a
// key.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/task.h"
#include "gateway/app/api_keys.h"
#include "gateway/app/metrics.h"
#include "gateway/app/receipt_header.h"
#include "gateway/app/target.h"
#include "gateway/http/handler.h"
#include "gateway/route/router.h"

namespace chains::gateway {

// For the loop's thread, or while that does not run. It outlives the loop's Blocking work.
class Gateway final : public Handler {
 public:
  struct Options {
    std::optional<ApiKeys> keys = std::nullopt;  // nullopt: everybody may call
    absl::Duration timeout = absl::Seconds(60);  // without a Chains-Timeout header
    absl::Duration max_timeout = absl::Hours(1);
    size_t blocking_bytes = 256 << 10;  // larger bodies are transcoded off the loop
    Target::Backoff backoff = {};
  };

  static absl::StatusOr<std::unique_ptr<Gateway>> Create(
      Loop& loop, std::vector<std::unique_ptr<Target>> targets, Options options);

  // Begins to ask for contracts that are not known.
  void Start();
  // Not ready from now on, and asks no more.
  void Stop();
  // What /metrics says about connections.
  void CountConnections(std::function<size_t()> count) { connections_ = std::move(count); }

  bool ready() const;
  // Ends when every route's contract is known or was asked for in vain once.
  Task<void> FirstAnswers() const;

  std::optional<Response> Refuse(const RequestHead& head) override;
  Task<Response> Handle(Request request) override;
  Response Failure(int status, std::string_view text) override;

 private:
  class Tally;

  Gateway(Loop& loop, Router router, std::vector<std::unique_ptr<Target>> targets, Options options)
      : loop_(loop),
        router_(std::move(router)),
        targets_(std::move(targets)),
        options_(std::move(options)) {}

  Task<Response> Call(const Request& request, const std::string& request_id,
                      internal::TraceId trace, const CallersReceipt& receipt, Tally& tally);
  Task<Response> CallOnRecord(const Request& request, const Target& target,
                              const json::Transcoder::Method& method, const Context& context);
  // `record` is null where no receipt is written.
  Task<Response> CallMethod(const Request& request, const Target& target,
                            const json::Transcoder::Method& method, const Context& context,
                            internal::CallRecord* record);
  absl::StatusOr<const json::Transcoder::Method*> FindMethod(const Target& target,
                                                             const std::string& name) const;
  Metrics::Series& SeriesOf(const Target& target, const json::Transcoder::Method& method);
  Response OwnPage(const RequestHead& head);
  Response Readiness() const;
  std::string OpenApiText() const;
  size_t ReadyTargets() const;

  Loop& loop_;
  const Router router_;
  const std::vector<std::unique_ptr<Target>> targets_;
  const Options options_;
  Metrics metrics_;
  Metrics::Series& nowhere_ = metrics_.Of({});  // what no route has
  std::unordered_map<const json::Transcoder::Method*, Metrics::Series*> series_;
  std::function<size_t()> connections_;
  bool stopped_ = false;
};

}  // namespace chains::gateway
