#include "gateway/app/gateway.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/core/trace.h"
#include "gateway/app/call_headers.h"
#include "gateway/app/errors.h"
#include "gateway/app/file_call.h"
#include "gateway/app/packing.h"
#include "gateway/app/pages.h"
#include "gateway/app/query_request.h"
#include "gateway/app/request_body.h"
#include "gateway/app/stream_call.h"
#include "gateway/app/unary_call.h"
#include "gateway/app/web_socket_call.h"
#include "gateway/http/web_socket_handshake.h"

namespace chains::gateway {
namespace {

using json::Transcoder;

constexpr std::string_view kWake = "wake";
constexpr uint64_t kSmallBody = 64 << 10;

// Whether its last segment begins as those of calls that are queued.
bool IsAsync(const RequestHead& head) {
  const std::string_view path = head.path();
  return AsyncMethod(path.substr(path.rfind('/') + 1)).has_value();
}

// The method that a name with "async_" before it means; null: none, or one of that very name.
const Transcoder::Method* QueuedMethod(const Transcoder& transcoder, const std::string& name) {
  const auto later = AsyncMethod(name);
  if (!later || transcoder.Find(name) != nullptr) return nullptr;
  return transcoder.Find(*later);
}

// What a GET says of its body is about none.
void SayJson(RequestHead& head) {
  std::erase_if(head.headers, [](const auto& header) {
    return absl::EqualsIgnoreCase(header.first, "content-type");
  });
}

// Of a request that came to an answer: a refusal may be one.
absl::Status StatusOf(const Response& response) {
  if (response.status < 400) return absl::OkStatus();
  return absl::Status(CodeOf(response.status), Text("HTTP status ", response.status));
}

bool IsOwnPage(std::string_view path) {
  return path == "/healthz" || path == "/readyz" || path == "/metrics" ||
         OpenApiPages::IsPage(path);
}

}  // namespace

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
  const std::optional<ApiKeys>& keys = routes_.routes()->keys();
  quotas_.KeepOnly(keys ? keys->owner_ids() : std::set<std::string>());
  metrics_.Forget(routes_.routes()->Counted());
}

const std::vector<std::shared_ptr<Target>>& Gateway::targets() const {
  static const auto* const kNone = new std::vector<std::shared_ptr<Target>>();
  return routes_.routes() == nullptr ? *kNone : routes_.routes()->targets();
}

void Gateway::Start() {
  for (const auto& target : targets()) target->Start(loop_, options_.backoff);
  if (async_ != nullptr) async_->Start();
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
  if (IsGrpcCall(head)) return GrpcCalls::Admit();
  if (ui_ != nullptr && UiHost::Takes(head)) return ui_->Admit(head);
  Admission admission;
  admission.refusal = options_.cors.Preflight(head);
  if (admission.refusal) return admission;
  if (!IsOwnPage(head.path())) admission.refusal = Refuse(head);
  if (admission.refusal) {
    options_.cors.Expose(head, *admission.refusal);
  } else if (async_ != nullptr && IsAsync(head)) {
    admission.max_body_bytes = async_->max_body_bytes();
  } else if (const Transcoder::Method* const method = MethodOfLargeBody(head)) {
    admission.in_pieces = method->descriptor->client_streaming();
    admission.max_body_bytes = BodyLimitOf(*method, options_);
  }
  return admission;
}

Response Gateway::Failure(int status, std::string_view text) {
  return ErrorResponse(absl::Status(CodeOf(status), ToAbsl(text)), status);
}

Task<Response> Gateway::Handle(Request request) {
  if (IsGrpcCall(request.head)) co_return co_await grpc_.Handle(std::move(request));
  if (ui_ != nullptr && UiHost::Takes(request.head)) {
    co_return co_await ui_->Handle(std::move(request));
  }
  if (IsOwnPage(request.head.path())) {
    Response page = co_await OwnPage(request.head);
    options_.cors.Expose(request.head, page);
    co_return page;
  }
  Tally tally(loop_, nowhere_, request.body.size());
  const std::string request_id = RequestIdOf(request.head);
  RequestTrace trace(telling_, loop_, TraceOf(request.head), request.head.target);
  CallersReceipt receipt(request.head);
  const Quotas::Owner owner = OwnerOf(request.head);
  const absl::StatusOr<int> priority = Begin(request.head, owner, tally);
  absl::StatusOr<Response> outcome;
  if (priority.ok()) {
    outcome = co_await Outcome(Call(request, request_id, trace, receipt, tally, *priority));
  } else {
    outcome = priority.status();
  }
  Response response = outcome.ok() ? *std::move(outcome) : ErrorResponse(outcome.status());
  if (owner != nullptr) quotas_.AddHeaders(owner, loop_.Now(), response.headers);
  if (IsWorthPacking(response)) co_await Pack(request.head, response, options_.blocking_bytes);
  response.headers.emplace_back("X-Request-Id", request_id);
  response.headers.emplace_back("Traceparent", trace.traceparent());
  if (!response.pieces) receipt.AddTo(response.headers);  // else it is not known yet
  options_.cors.Expose(request.head, response);
  tally.Answered(response.status);
  tally.BytesOut(response.body.size());
  trace.Ended(outcome.ok() ? StatusOf(response) : outcome.status(), response.status, request_id);
  co_return response;
}

Task<Response> Gateway::Call(Request& request, const std::string& request_id, RequestTrace& trace,
                             CallersReceipt& receipt, Tally& tally, int priority) {
  const auto queued = AsyncRequestOf(request.head.target);
  if (queued && async_ != nullptr) {
    trace.IsNotTold();
    AsyncCalls::MayAsk may = [&](std::string_view chain) { return MayAsk(request.head, chain); };
    std::string id(*queued);
    co_return co_await async_->Answer(request.head, std::move(id), std::move(may));
  }
  std::optional<Context> context;
  while (true) {
    std::shared_ptr<const Routes> routes = co_await routes_.Now();
    const Router::Match match = co_await routes->router().Find(request.head.target);
    if (AsyncMethod(match.method)) {
      const Target& target = routes->target(match.route);
      co_await target.problem();
      if (const Transcoder::Method* method = QueuedMethod(*target.transcoder(), match.method)) {
        if (request.head.method != "POST") co_return NotAllowed("POST");
        SetTraceparent(request.head, trace.TraceparentForLater());
        trace.IsNotTold();  // but the call is, when it is made
        co_return co_await AcceptQueued(request, target, *method);
      }
    }
    Target& named = routes->target(match.route);
    Target& target = Picked(named);
    const std::shared_ptr<Deployment> deployment = target.deployment();
    const bool is_post = request.head.method == "POST";
    const bool is_socket = !is_post && AsksForWebSocket(request.head);
    const bool wakes = match.method == kWake && deployment != nullptr;
    if (wakes && is_post) co_return co_await WakeUp(target);
    if (wakes) co_return NotAllowed("POST");
    co_await target.problem();
    const std::string name = is_socket ? WebSocketMethod(match.method) : match.method;
    const Transcoder::Method* method = co_await FindMethod(target, name);
    if (!match.rest.empty()) {
      co_await CheckFilePath(request.head, *method);
    } else if (!is_post && !is_socket) {
      if (request.head.method != "GET" || !MayBeAskedByGet(*method)) {
        co_return NotAllowed(MayBeAskedByGet(*method) ? "GET, POST" : "POST");
      }
      request.body = co_await JsonOfQuery(request.head.target, *method->request);
      SayJson(request.head);
    }
    tally.At(target.SeriesOf(*method, metrics_));
    co_await receipt.status();
    receipt.Is(trace.At(
        {.routes = routes, .named = &named, .picked = &target, .method = method->snake_name},
        request_id, receipt.asked()));
    tally.Traced(trace.trace_id());
    if (!context) {
      const absl::Duration timeout =
          co_await TimeoutOf(request.head, UsualTimeout(*method), options_.max_timeout);
      const absl::Time deadline = loop_.Now() + timeout;
      Headers headers = ForwardedOf(request.head, request_id);
      context = trace.ContextFor(deadline, std::move(headers));
      if (priority != Context::kUsualPriority) context = context->WithPriority(priority);
    }
    if (deployment != nullptr && !deployment->awake()) {
      // Then it looks again: by then what it named may lead to another deployment.
      const auto moved = [&] { return LeadsElsewhere(request.head.target, *deployment); };
      co_await AwaitReplica(deployment, *context, moved);
      continue;
    }
    Invocation invocation(loop_, options_, std::move(routes), target, *method, *std::move(context),
                          receipt, trace, tally, held_);
    if (is_socket) co_return WebSocketCall(request.head, invocation, open_sockets_);
    if (!match.rest.empty()) co_return co_await FileCall(request.head, invocation, match.rest);
    co_return co_await Invoke(request, invocation);
  }
}

// What a request without a Chains-Timeout gets: what the contract says, else the gateway; streams
// end by being silent for too long.
absl::Duration Gateway::UsualTimeout(const Transcoder::Method& method) const {
  const bool unary = method.call.kind == MethodKind::kUnary;
  const absl::Duration otherwise = unary ? options_.timeout : options_.streams.timeout;
  return std::min(method.timeout.value_or(otherwise), options_.max_timeout);
}

// Whom a body is for that may be large, so that it is read in pieces where the method takes a
// stream, and no further than the method allows. A small body is soon there, and most requests have
// one: they are not routed twice. Null: it is small, or nobody's.
const Transcoder::Method* Gateway::MethodOfLargeBody(const RequestHead& head) const {
  if (head.content_length.value_or(kSmallBody) < kSmallBody || head.method != "POST")
    return nullptr;
  const std::shared_ptr<const Routes>& routes = routes_.routes();
  if (routes == nullptr || IsOwnPage(head.path())) return nullptr;
  const absl::StatusOr<Router::Match> match = routes->router().Find(head.target);
  if (!match.ok()) return nullptr;
  const Transcoder* transcoder = routes->target(match->route).transcoder();
  return transcoder == nullptr ? nullptr : transcoder->Find(match->method);
}

// By kind of method and of request.
Task<Response> Gateway::Invoke(Request& request, Invocation& invocation) {
  if (invocation.method.call.kind == MethodKind::kUnary) return UnaryCall(request, invocation);
  return StreamCall(request, invocation);
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
  Response accepted = Page(kJsonType, "{}");
  accepted.status = 202;
  co_return accepted;
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
  return method;
}

Task<Response> Gateway::OwnPage(const RequestHead& head) {
  if (head.method != "GET" && head.method != "HEAD") co_return NotAllowed("GET, HEAD");
  const std::string_view path = head.path();
  if (path == "/healthz") co_return Page("text/plain", "ok\n");
  if (path == "/readyz") co_return Readiness();
  if (OpenApiPages::IsPage(path)) {
    absl::StatusOr<Response> page = co_await Outcome(openapi_pages_.Answer(head, routes_.routes()));
    if (page.ok()) co_return *std::move(page);
    co_return ErrorResponse(page.status());
  }
  Metrics::Page metrics = metrics_.Text({.connections = connections_ ? connections_() : 0,
                                         .web_sockets = open_sockets_.inside(),
                                         .routes_ready = ReadyTargets(),
                                         .routes = targets().size(),
                                         .refused = quotas_.counts()},
                                        head.Header("accept").value_or(""));
  co_return Page(metrics.type, std::move(metrics.body));
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

}  // namespace chains::gateway
