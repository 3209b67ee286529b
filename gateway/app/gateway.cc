#include "gateway/app/gateway.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "chains/core/blocking.h"
#include "chains/core/recording.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/core/trace.h"
#include "gateway/app/call_headers.h"
#include "gateway/app/errors.h"
#include "gateway/app/openapi.h"

namespace chains::gateway {
namespace {

using json::Transcoder;

constexpr const char* kJson = "application/json";
constexpr size_t kUsualHeaders = 3;
constexpr const char* kProtobuf = "application/x-protobuf";

Response Page(std::string_view type, std::string body) {
  Response response{.status = 200, .headers = {}, .body = std::move(body)};
  response.headers.reserve(kUsualHeaders);
  response.headers.emplace_back("Content-Type", type);
  return response;
}

std::string_view PathOf(std::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

bool IsOwnPage(std::string_view path) {
  return path == "/healthz" || path == "/readyz" || path == "/metrics" || path == "/openapi.json";
}

Response NotAllowed(std::string_view allowed) {
  Response response =
      ErrorResponse(absl::UnimplementedError(Text("this path answers ", allowed, " only")), 405);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

bool IsProtobuf(const RequestHead& head) {
  const auto type = head.Header("content-type");
  return type && absl::StartsWithIgnoreCase(ToAbsl(*type), kProtobuf);
}

}  // namespace

// Counts one request, whatever becomes of it.
class Gateway::Tally {
 public:
  Tally(Gateway& gateway, size_t bytes_in)
      : gateway_(gateway),
        began_(gateway.loop_.Now()),
        bytes_in_(bytes_in),
        series_(&gateway.nowhere_) {
    series_->Began();
  }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  ~Tally() { series_->Ended(status_, gateway_.loop_.Now() - began_, bytes_in_, bytes_out_); }

  void At(Metrics::Series& series) {
    series_->MovedTo(series);
    series_ = &series;
  }
  void Answered(const Response& response) {
    status_ = response.status;
    bytes_out_ = response.body.size();
  }

 private:
  Gateway& gateway_;
  const absl::Time began_;
  const size_t bytes_in_;
  size_t bytes_out_ = 0;
  int status_ = 499;  // until it is answered
  Metrics::Series* series_;
};

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Create(
    Loop& loop, std::vector<std::unique_ptr<Target>> targets, Options options) {
  std::vector<Route> routes;
  for (const auto& target : targets) routes.push_back(target->route());
  absl::StatusOr<Router> router = Router::Create(std::move(routes));
  if (!router.ok()) return router.status();
  return std::unique_ptr<Gateway>(
      new Gateway(loop, *std::move(router), std::move(targets), std::move(options)));
}

void Gateway::Start() {
  for (const auto& target : targets_) target->Start(loop_, options_.backoff);
}

void Gateway::Stop() {
  stopped_ = true;
  for (const auto& target : targets_) target->Stop();
}

size_t Gateway::ReadyTargets() const {
  size_t ready = 0;
  for (const auto& target : targets_) ready += target->transcoder() != nullptr ? 1 : 0;
  return ready;
}

bool Gateway::ready() const { return !stopped_ && ReadyTargets() == targets_.size(); }

Task<void> Gateway::FirstAnswers() const {
  constexpr absl::Duration kBetweenLooks = absl::Milliseconds(2);
  for (const auto& target : targets_) {
    while (!target->asked()) co_await Sleep(kBetweenLooks);
  }
}

std::optional<Response> Gateway::Refuse(const RequestHead& head) {
  if (!options_.keys || IsOwnPage(PathOf(head.target))) return std::nullopt;
  const absl::Status allowed = options_.keys->Check(head.Header("authorization"));
  if (allowed.ok()) return std::nullopt;
  Response response = ErrorResponse(allowed);
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Api-Key, Bearer");
  return response;
}

Response Gateway::Failure(int status, std::string_view text) {
  return ErrorResponse(absl::Status(CodeOf(status), ToAbsl(text)), status);
}

Task<Response> Gateway::Handle(Request request) {
  if (IsOwnPage(PathOf(request.head.target))) co_return OwnPage(request.head);
  Tally tally(*this, request.body.size());
  const std::string request_id = RequestIdOf(request.head);
  const internal::TraceId trace = TraceIdOf(request.head);
  const CallersReceipt receipt(request.head, loop_);
  absl::StatusOr<Response> outcome =
      co_await Outcome(Call(request, request_id, trace, receipt, tally));
  Response response = outcome.ok() ? *std::move(outcome) : ErrorResponse(outcome.status());
  response.headers.emplace_back("X-Request-Id", request_id);
  response.headers.emplace_back("Traceparent",
                                internal::TraceparentOf(trace, internal::NewSpanId()));
  receipt.AddTo(response);
  tally.Answered(response);
  co_return response;
}

Task<Response> Gateway::Call(const Request& request, const std::string& request_id,
                             internal::TraceId trace, const CallersReceipt& receipt, Tally& tally) {
  const Router::Match match = co_await router_.Find(request.head.target);
  const Target& target = *targets_[match.route];
  if (request.head.method != "POST") co_return NotAllowed("POST");
  if (target.transcoder() == nullptr) co_await target.problem();
  const Transcoder::Method* method = co_await FindMethod(target, match.method);
  tally.At(SeriesOf(target, *method));
  const absl::Duration timeout =
      co_await TimeoutOf(request.head, options_.timeout, options_.max_timeout);
  co_await receipt.status();
  const Context context(loop_.Now() + timeout, trace, ForwardedOf(request.head, request_id));
  if (receipt.asked()) {
    const Context recorded = receipt.Under(context);
    co_return co_await CallOnRecord(request, target, *method, recorded);
  }
  co_return co_await CallMethod(request, target, *method, context, nullptr);
}

// The gateway is the caller of the entrypoint; JSON is its part of serializing.
Task<Response> Gateway::CallOnRecord(const Request& request, const Target& target,
                                     const Transcoder::Method& method, const Context& context) {
  internal::Recording recording(context, loop_, [&method] {
    return internal::CallPlace{.where = internal::CallPlace::Where::kCaller,
                               .chainlet = method.call.chainlet,
                               .method = method.call.name};
  });
  const Context called = recording.Under(context);
  absl::StatusOr<Response> outcome =
      co_await Outcome(CallMethod(request, target, method, called, recording.record()));
  const bool refused = outcome.ok() && outcome->status != 200;
  recording.Ended(refused ? absl::Status(CodeOf(outcome->status), "") : outcome.status());
  co_return outcome;
}

// Large bodies are transcoded off the loop.
Task<Response> Gateway::CallMethod(const Request& request, const Target& target,
                                   const Transcoder::Method& method, const Context& context,
                                   internal::CallRecord* record) {
  const Transcoder& transcoder = *target.transcoder();
  const bool is_json = !IsProtobuf(request.head);
  Bytes sent;
  if (is_json) {
    absl::StatusOr<std::string> wire;
    std::optional<internal::Serializing> transcoding(record);
    if (request.body.size() > options_.blocking_bytes) {
      co_await Blocking([&] { wire = transcoder.RequestToWire(method, request.body); });
    } else {
      wire = transcoder.RequestToWire(method, request.body);
    }
    transcoding.reset();
    if (absl::IsResourceExhausted(wire.status())) co_return ErrorResponse(wire.status(), 413);
    co_await wire.status();
    sent = Bytes(*wire);
  } else {
    sent = Bytes(request.body);
  }
  absl::StatusOr<Bytes> outcome = co_await internal::Within<Bytes>(
      target.channel().Unary(method.call, std::move(sent)), context);
  const Bytes received = co_await std::move(outcome);
  std::string reply = received.ToString();
  if (!is_json) co_return Page(kProtobuf, std::move(reply));
  absl::StatusOr<std::string> json;
  const internal::Serializing transcoding(record);
  if (reply.size() > options_.blocking_bytes) {
    co_await Blocking([&] { json = transcoder.ReplyToJson(method, reply); });
  } else {
    json = transcoder.ReplyToJson(method, reply);
  }
  std::string body = co_await std::move(json);
  co_return Page(kJson, std::move(body));
}

// Only names that the configuration or a contract has: clients cannot make up series.
Metrics::Series& Gateway::SeriesOf(const Target& target, const Transcoder::Method& method) {
  Metrics::Series*& series = series_[&method];
  if (series == nullptr) {
    series = &metrics_.Of({.chain = target.route().chain,
                           .deployment = target.route().Path().substr(1),
                           .method = method.snake_name});
  }
  return *series;
}

absl::StatusOr<const Transcoder::Method*> Gateway::FindMethod(const Target& target,
                                                              const std::string& name) const {
  const Transcoder::Method* method = target.transcoder()->Find(name);
  if (method == nullptr) {
    std::vector<std::string> names;
    for (const auto& each : target.transcoder()->methods()) names.push_back(each->snake_name);
    return absl::NotFoundError(
        Text(target.route().ToString(), " has no such method, only: ", absl::StrJoin(names, ", ")));
  }
  if (method->call.kind != MethodKind::kUnary) {
    return absl::UnimplementedError(
        Text(name, " is a stream, which this gateway does not carry: call it over gRPC"));
  }
  return method;
}

Response Gateway::OwnPage(const RequestHead& head) {
  if (head.method != "GET" && head.method != "HEAD") return NotAllowed("GET, HEAD");
  const std::string_view path = PathOf(head.target);
  if (path == "/healthz") return Page("text/plain", "ok\n");
  if (path == "/readyz") return Readiness();
  if (path == "/openapi.json") return Page(kJson, OpenApiText());
  const size_t connections = connections_ ? connections_() : 0;
  return Page("text/plain; version=0.0.4",
              metrics_.Text(connections, ReadyTargets(), targets_.size()));
}

Response Gateway::Readiness() const {
  if (stopped_) return ErrorResponse(absl::UnavailableError("draining"));
  std::vector<std::string> problems;
  for (const auto& target : targets_) {
    if (target->transcoder() == nullptr) problems.emplace_back(MessageOf(target->problem()));
  }
  if (problems.empty()) return Page("text/plain", "ready\n");
  return ErrorResponse(absl::UnavailableError(absl::StrJoin(problems, "; ")));
}

std::string Gateway::OpenApiText() const {
  std::vector<DescribedRoute> routes;
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (targets_[i]->transcoder() == nullptr) continue;
    routes.push_back({.name = targets_[i]->route().ToString(),
                      .path = router_.PathsOf(i).front(),
                      .transcoder = targets_[i]->transcoder()});
  }
  return OpenApi(routes, options_.keys ? NeedsKey::kYes : NeedsKey::kNo);
}

}  // namespace chains::gateway
