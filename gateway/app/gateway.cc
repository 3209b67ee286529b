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

constexpr std::string_view kWake = "wake";
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
        series_(gateway.nowhere_) {
    series_->Began();
  }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  ~Tally() { series_->Ended(status_, gateway_.loop_.Now() - began_, bytes_in_, bytes_out_); }

  void At(const std::shared_ptr<Metrics::Series>& series) {
    series_->MovedTo(*series);
    series_ = series;
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
  std::shared_ptr<Metrics::Series> series_;
};

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Create(
    Loop& loop, std::vector<std::unique_ptr<Target>> targets, Options options) {
  std::vector<std::shared_ptr<Target>> shared;
  for (std::unique_ptr<Target>& target : targets) shared.push_back(std::move(target));
  absl::StatusOr<std::shared_ptr<const Routes>> routes =
      Routes::Create(std::move(shared), options.keys);
  if (!routes.ok()) return routes.status();
  std::unique_ptr<Gateway> gateway = Create(loop, std::move(options));
  gateway->Exchange(*std::move(routes));
  return gateway;
}

std::unique_ptr<Gateway> Gateway::Create(Loop& loop, Options options) {
  return std::unique_ptr<Gateway>(new Gateway(loop, std::move(options)));
}

void Gateway::Exchange(std::shared_ptr<const Routes> routes) {
  routes_.Exchange(std::move(routes));
  const std::set<Metrics::Labels> counted = routes_.routes()->Counted();
  metrics_.Forget([&](const Metrics::Labels& labels) { return counted.count(labels) > 0; });
}

const std::vector<std::shared_ptr<Target>>& Gateway::targets() const {
  static const auto* const kNone = new std::vector<std::shared_ptr<Target>>();
  return routes_.routes() == nullptr ? *kNone : routes_.routes()->targets();
}

void Gateway::Start() {
  for (const auto& target : targets()) target->Start(loop_, options_.backoff);
}

void Gateway::Stop() {
  stopped_ = true;
  for (const auto& target : targets()) target->Stop();
}

size_t Gateway::ReadyTargets() const {
  size_t ready = 0;
  for (const auto& target : targets()) ready += target->transcoder() != nullptr ? 1 : 0;
  return ready;
}

bool Gateway::ready() const { return Readiness().status == 200; }

Task<void> Gateway::FirstAnswers() const {
  constexpr absl::Duration kBetweenLooks = absl::Milliseconds(2);
  const std::shared_ptr<const Routes> routes = routes_.routes();
  if (routes == nullptr) co_return;
  for (const auto& target : routes->targets()) {
    while (!target->asked()) co_await Sleep(kBetweenLooks);
  }
}

Admission Gateway::Admit(const RequestHead& head) {
  Admission admission;
  admission.refusal = Refuse(head);
  return admission;
}

std::optional<Response> Gateway::Refuse(const RequestHead& head) const {
  if (IsOwnPage(PathOf(head.target))) return std::nullopt;
  const std::shared_ptr<const Routes>& routes = routes_.routes();
  if (routes == nullptr) return ErrorResponse(routes_.Now().status());
  if (!routes->keys()) return std::nullopt;
  const absl::Status allowed = routes->keys()->Check(head.Header("authorization"));
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
  std::optional<Context> context;
  while (true) {
    const std::shared_ptr<const Routes> routes = co_await routes_.Now();
    const Router::Match match = co_await routes->router().Find(request.head.target);
    Target& target = Picked(routes->target(match.route));
    if (request.head.method != "POST") co_return NotAllowed("POST");
    const std::shared_ptr<Deployment> deployment = target.deployment();
    const bool wakes = match.method == kWake && deployment != nullptr;
    if (wakes) co_return co_await WakeUp(target);
    co_await target.problem();
    const Transcoder::Method* method = co_await FindMethod(target, match.method);
    tally.At(target.SeriesOf(*method, metrics_));
    co_await receipt.status();
    if (!context) {
      const absl::Duration timeout =
          co_await TimeoutOf(request.head, options_.timeout, options_.max_timeout);
      context.emplace(loop_.Now() + timeout, trace, ForwardedOf(request.head, request_id));
    }
    if (deployment != nullptr && !deployment->awake()) {
      // Then it looks again: by then what it named may lead to another deployment.
      const auto moved = [&] { return LeadsElsewhere(request.head.target, *deployment); };
      co_await AwaitReplica(deployment, *context, moved);
      continue;
    }
    if (receipt.asked()) {
      const Context recorded = receipt.Under(*context);
      co_return co_await CallOnRecord(request, target, *method, recorded);
    }
    co_return co_await CallMethod(request, target, *method, *context, nullptr);
  }
}

bool Gateway::LeadsElsewhere(const std::string& path, const Deployment& deployment) const {
  const absl::StatusOr<std::shared_ptr<const Routes>> routes = routes_.Now();
  if (!routes.ok()) return false;
  const absl::StatusOr<Router::Match> match = (*routes)->router().Find(path);
  // Where it leads nowhere any more the deployment itself says why.
  return match.ok() && !(*routes)->target(match->route).LeadsTo(deployment);
}

Target& Gateway::Picked(Target& target) {
  if (!target.divided()) return target;
  return target.Pick(std::generate_canonical<double, 32>(random_));
}

Task<Response> Gateway::WakeUp(const Target& target) {
  const std::shared_ptr<Deployment> deployment = target.deployment();
  co_await deployment->WakeUp();
  Response accepted = Page(kJson, "{}");
  accepted.status = 202;
  co_return accepted;
}

// The gateway is the caller of the entrypoint; JSON is its part of serializing.
Task<Response> Gateway::CallOnRecord(const Request& request, Target& target,
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
Task<Response> Gateway::CallMethod(const Request& request, Target& target,
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
  absl::StatusOr<Bytes> outcome;
  for (int attempts = 1;; ++attempts) {
    Bytes copy = method.call.idempotent ? sent.Share() : std::move(sent);
    outcome = co_await internal::Within<Bytes>(target.channel().Unary(method.call, std::move(copy)),
                                               context);
    const std::optional<absl::Duration> pause =
        target.retries().After(outcome.status(), method.call, attempts);
    if (!pause || loop_.Now() + *pause >= context.deadline()) break;
    co_await Sleep(*pause);
  }
  if (target.deployment() != nullptr) target.deployment()->Answered(outcome.status());
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
              metrics_.Text(connections, ReadyTargets(), targets().size()));
}

Response Gateway::Readiness() const {
  if (stopped_) return ErrorResponse(absl::UnavailableError("draining"));
  const absl::StatusOr<std::shared_ptr<const Routes>> routes = routes_.Now();
  if (!routes.ok()) return ErrorResponse(routes.status());
  std::vector<std::string> problems;
  for (const auto& target : targets()) {
    const bool is_known = target->transcoder() != nullptr || target->deployment() != nullptr;
    if (!is_known) problems.emplace_back(MessageOf(target->problem()));
  }
  if (problems.empty()) return Page("text/plain", "ready\n");
  return ErrorResponse(absl::UnavailableError(absl::StrJoin(problems, "; ")));
}

std::string Gateway::OpenApiText() const {
  const std::shared_ptr<const Routes>& routes = routes_.routes();
  std::vector<DescribedRoute> described;
  for (size_t i = 0; i < targets().size(); ++i) {
    const Target& target = *targets()[i];
    if (target.transcoder() == nullptr) continue;
    described.push_back({.name = target.route().ToString(),
                         .path = routes->router().PathsOf(i).front(),
                         .transcoder = target.transcoder()});
  }
  const bool open = routes != nullptr && !routes->keys();
  return OpenApi(described, open ? NeedsKey::kNo : NeedsKey::kYes);
}

}  // namespace chains::gateway
