#include "gateway/grpc/proxy.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/grpc/reflection.h"
#include "chains/policy/key_limits.h"
#include "gateway/app/errors.h"
#include "gateway/grpc/traced_call.h"

namespace chains::gateway {
namespace {

using json::Transcoder;

constexpr std::string_view kChain = "chains-chain";
constexpr std::string_view kEnvironment = "chains-environment";
constexpr std::string_view kDeployment = "chains-deployment";

const Transcoder::Method* MethodAt(const Transcoder& transcoder, std::string_view path) {
  for (const auto& method : transcoder.methods()) {
    if (method->path == path) return method.get();
  }
  return nullptr;
}

absl::Status NoSuchMethod(std::string_view path, const Target& target) {
  return absl::UnimplementedError(Text("no method ", path, " here: ", target.route().ToString(),
                                       " answers ", target.transcoder()->service().full_name()));
}

absl::StatusOr<Service::Handler> ReflectionOf(std::shared_ptr<const Routes> routes,
                                              const Target& target, std::string_view path) {
  const auto service =
      std::make_shared<const Service>(MakeReflection({&target.transcoder()->service()}));
  const Service::Handler* const found = service->Find(path);
  if (found == nullptr) return NoSuchMethod(path, target);
  return Service::Handler{
      .method = found->method,
      .unary = {},
      .streaming = [routes = std::move(routes), service, found](Stream<Bytes> requests) {
        return found->streaming(std::move(requests));
      }};
}

// HTTP's 403 for a key that nobody has is UNAUTHENTICATED in gRPC's words.
absl::Status Check(const ApiKeys& keys, std::optional<std::string_view> authorization,
                   absl::Time now) {
  absl::Status allowed = keys.Check(authorization, now);
  if (!absl::IsPermissionDenied(allowed) || keys.Knows(authorization)) return allowed;
  return absl::UnauthenticatedError(allowed.message());
}

// Whether the key may call the chain that is named; where none is, others say so.
absl::Status CheckChain(const Routes& routes, const Context& context, absl::Time now) {
  if (!routes.keys()->any_restricted()) return absl::OkStatus();
  const absl::StatusOr<size_t> route = ChosenRoute(routes, context);
  if (!route.ok()) return absl::OkStatus();
  return routes.keys()->CheckFor(routes.router().routes()[*route].chain,
                                 context.Header("authorization"), now);
}

}  // namespace

bool NamesARoute(const Context& context) {
  return context.Header(kChain) || context.Header(kEnvironment) || context.Header(kDeployment);
}

absl::StatusOr<size_t> ChosenRoute(const Routes& routes, const Context& context) {
  return routes.router().Choose(context.Header(kChain).value_or(""),
                                context.Header(kEnvironment).value_or(""),
                                context.Header(kDeployment).value_or(""));
}

// A call and the routes that it began with.
class GrpcProxy::Call {
 public:
  Call(const GrpcProxy& proxy, std::shared_ptr<const Routes> routes, Target& named, Target& target,
       const Transcoder::Method& method)
      : proxy_(&proxy),
        routes_(std::move(routes)),
        named_(&named),
        target_(&target),
        name_(method.snake_name),
        method_(&method.call),
        timeout_(method.timeout),
        series_(target.SeriesOf(method, proxy.metrics_)) {}

  void Has(Share share) {
    share_ = std::move(share);
    share_.tally->At(series_);
  }
  const std::shared_ptr<Tally>& tally() const { return share_.tally; }
  int priority() const { return share_.priority; }
  const Method& method() const { return *method_; }
  const Loop& loop() const { return proxy_->loop_; }
  Telling& telling() const { return proxy_->telling_; }
  RequestTrace::Place place() const {
    return {.routes = routes_, .named = named_, .picked = target_, .method = name_};
  }
  absl::Time Now() const { return loop().Now(); }
  Channel& channel() const { return target_->channel(); }
  // Null where it need not be waited for.
  std::shared_ptr<Deployment> asleep() const {
    const std::shared_ptr<Deployment>& deployment = target_->deployment();
    return deployment == nullptr || deployment->awake() ? nullptr : deployment;
  }
  // Whether what the caller named leads elsewhere now.
  bool HasMoved(const Context& received) const {
    const absl::StatusOr<std::shared_ptr<const Routes>> now = proxy_->routes_.Now();
    if (!now.ok()) return false;
    const absl::StatusOr<size_t> route = ChosenRoute(**now, received);
    return route.ok() && !(*now)->target(*route).LeadsTo(*target_->deployment());
  }
  // How an attempt ended; how long to wait before the next one, if there is to be one.
  std::optional<absl::Duration> Ended(const absl::Status& status, int attempts) {
    attempts_ = attempts;
    return target_->retries().After(status, *method_, attempts);
  }
  // … and the last one. Its place is free before its caller hears of it, who may call again at
  // once; other copies of this may live on until then.
  void Answered(const absl::Status& status) {
    if (target_->deployment() != nullptr) {
      target_->deployment()->Answered(*method_, status, share_.began, attempts_);
    }
    share_.tally->Answered(status.ok() ? 200 : HttpStatusOf(status.code()));
    const Tally ended = std::move(*share_.tally);
  }
  // The same call by the routes that are in force now.
  absl::StatusOr<Call> Again(const Context& received) const {
    const absl::StatusOr<std::shared_ptr<const Routes>> now = proxy_->routes_.Now();
    if (!now.ok()) return now.status();
    absl::StatusOr<Call> again = proxy_->CallBy(*now, method_->path, received);
    if (again.ok() && again->method().kind != method_->kind) {
      return absl::UnavailableError(
          Text(method_->path, " became another kind of call while this one waited"));
    }
    if (again.ok()) again->Has(share_);
    return again;
  }
  Context Bounded(const Context& context) const {
    const Options& options = proxy_->options_;
    const bool says_so = context.deadline() != absl::InfiniteFuture();
    const absl::Duration most = std::min(options.max_timeout, timeout_.value_or(options.timeout));
    return context.WithDeadline(Now() + (says_so ? options.max_timeout : most));
  }
  // Of a stream, which may last where neither its caller nor the contract says otherwise.
  Context StreamBounded(const Context& context) const {
    if (!timeout_ || context.deadline() != absl::InfiniteFuture()) return context;
    return context.WithDeadline(Now() + *timeout_);
  }
  // For a wait: it ends so early that the caller, who keeps the time himself, still gets to hear
  // what he waited for.
  Context BoundedToAnswer(const Context& context) const {
    constexpr absl::Duration kToAnswer = absl::Milliseconds(100);
    const Context bounded = Bounded(context);
    const absl::Duration left = bounded.deadline() - proxy_->loop_.Now();
    return bounded.WithDeadline(bounded.deadline() - std::min(kToAnswer, left / 10));
  }

 private:
  const GrpcProxy* proxy_;
  std::shared_ptr<const Routes> routes_;
  const Target* named_;
  Target* target_;
  std::string_view name_;  // of the contract, which the routes keep
  const Method* method_;
  std::optional<absl::Duration> timeout_;  // what the contract says
  std::shared_ptr<Metrics::Series> series_;
  int attempts_ = 1;
  Share share_;
};

GrpcProxy::GrpcProxy(Loop& loop, RoutesInForce& routes, Options options)
    : loop_(loop),
      routes_(routes),
      options_(options),
      health_(routes),
      nobody_(options.telling == nullptr ? std::make_unique<Telling>() : nullptr),
      telling_(options.telling == nullptr ? *nobody_ : *options.telling),
      unseen_(options.metrics == nullptr ? std::make_unique<Metrics>() : nullptr),
      metrics_(options.metrics == nullptr ? *unseen_ : *options.metrics),
      nowhere_(metrics_.Of({})) {}

absl::StatusOr<Service::Handler> GrpcProxy::Find(std::string_view path,
                                                 const Context& context) const {
  absl::StatusOr<Service::Handler> found = FindUntold(path, context);
  if (!found.ok()) TracedCall(context, telling_, loop_, path).Ended(found.status());
  return found;
}

absl::StatusOr<Service::Handler> GrpcProxy::FindUntold(std::string_view path,
                                                       const Context& context) const {
  if (const Service::Handler* health = health_.Find(path)) return *health;
  const absl::StatusOr<std::shared_ptr<const Routes>> routes = routes_.Now();
  if (!routes.ok()) return routes.status();
  const bool reflects = path.starts_with("/grpc.");
  if (!reflects && (*routes)->keys()) {
    absl::Status allowed = Check(*(*routes)->keys(), context.Header("authorization"), loop_.Now());
    if (allowed.ok()) allowed = CheckChain(**routes, context, loop_.Now());
    if (!allowed.ok()) return allowed;
  }
  if (reflects) {
    const absl::StatusOr<size_t> route = ChosenRoute(**routes, context);
    if (!route.ok()) return route.status();
    const Target& target = (*routes)->target(*route);
    if (target.transcoder() == nullptr) return target.problem();
    return ReflectionOf(*routes, target, path);
  }
  Tally tally(loop_, nowhere_, 0);
  absl::StatusOr<Service::Handler> handler = HandlerFor(*routes, path, context, tally);
  if (!handler.ok()) tally.Answered(HttpStatusOf(handler.status().code()));
  return handler;
}

// Where it succeeds the tally is the call's from then on.
absl::StatusOr<Service::Handler> GrpcProxy::HandlerFor(std::shared_ptr<const Routes> routes,
                                                       std::string_view path,
                                                       const Context& context, Tally& tally) const {
  absl::StatusOr<Call> call = CallBy(routes, path, context);
  if (!call.ok()) return call.status();
  absl::StatusOr<Share> share = Begin(*routes, context, tally);
  if (!share.ok()) return share.status();
  call->Has(*std::move(share));
  Service::Handler handler{.method = &call->method(), .unary = {}, .streaming = {}};
  if (call->method().kind == MethodKind::kUnary) {
    handler.unary = [call = *call](Bytes request) {
      call.tally()->BytesIn(request.size());
      return Forward(call, std::move(request));
    };
  } else {
    handler.streaming = [call = *call](Stream<Bytes> requests) {
      return ForwardStream(call, Counted(call.tally(), std::move(requests)));
    };
  }
  return handler;
}

absl::StatusOr<GrpcProxy::Share> GrpcProxy::Begin(const Routes& routes, const Context& context,
                                                  Tally& tally) const {
  Share share;
  share.began = loop_.Now();
  std::optional<int> asked;
  if (context.priority() != Context::kUsualPriority) asked = context.priority();
  const bool is_limited = routes.keys() && routes.keys()->any_limits();
  const Quotas::Owner owner =
      is_limited ? routes.keys()->OwnerOf(context.Header("authorization"), loop_.Now()) : nullptr;
  if (owner != nullptr) {
    share.priority = PriorityUnder(owner->limits, asked);
  } else if (asked) {
    share.priority = routes.keys() ? PriorityUnder(v1::KeyLimits(), asked) : *asked;
  }
  if (options_.quotas != nullptr) {
    absl::StatusOr<Quotas::Stay> stay = options_.quotas->Enter(owner, share.began);
    if (!stay.ok()) return stay.status();
    tally.Holds(*std::move(stay));
  }
  tally.IsDue(context.deadline());
  share.tally = std::make_shared<Tally>(std::move(tally));
  return share;
}

absl::StatusOr<GrpcProxy::Call> GrpcProxy::CallBy(std::shared_ptr<const Routes> routes,
                                                  std::string_view path,
                                                  const Context& context) const {
  const absl::StatusOr<size_t> route = ChosenRoute(*routes, context);
  if (!route.ok()) return route.status();
  Target& named = routes->target(*route);
  Target& target = named.Pick(std::generate_canonical<double, 32>(random_));
  if (!target.problem().ok()) return target.problem();
  const Transcoder::Method* const method = MethodAt(*target.transcoder(), path);
  if (method == nullptr) return NoSuchMethod(path, target);
  return Call(*this, std::move(routes), named, target, *method);
}

// Fails as waiting does, which is told of.
Task<GrpcProxy::Call> GrpcProxy::Awake(Call call, const Context& received, TracedCall& traced) {
  const std::shared_ptr<Tally> tally = call.tally();
  absl::StatusOr<Call> awake = co_await Outcome(UntilAwake(std::move(call), received));
  if (awake.ok()) {
    traced.At(awake->place());
  } else {
    traced.Ended(awake.status());
    tally->Answered(HttpStatusOf(awake.status().code()));
  }
  co_return awake;
}

// A call that waited looks again: by then what it named may lead to another deployment.
Task<GrpcProxy::Call> GrpcProxy::UntilAwake(Call call, Context received) {
  const Context context = call.BoundedToAnswer(received);
  while (const std::shared_ptr<Deployment> deployment = call.asleep()) {
    const auto moved = [&] { return call.HasMoved(received); };
    co_await AwaitReplica(deployment, context, moved);
    call = co_await call.Again(received);
  }
  co_return call;
}

Stream<Bytes> GrpcProxy::Counted(std::shared_ptr<Tally> tally, Stream<Bytes> requests) {
  while (std::optional<Bytes> request = co_await requests.Next()) {
    tally->BytesIn(request->size());
    Bytes bytes = *std::move(request);
    co_yield std::move(bytes);
  }
}

Task<Bytes> GrpcProxy::Forward(Call call, Bytes request) {
  const Context received = co_await CurrentContext();
  TracedCall traced(received, call.telling(), call.loop(), call.method().path);
  traced.At(call.place());
  Context context = call.Bounded(traced.Onwards(call.priority()));
  if (call.asleep() != nullptr) call = co_await Awake(call, received, traced);
  context = traced.Begin(std::move(context), call.method());
  call.tally()->Traced(traced.trace_id());
  absl::StatusOr<Bytes> reply;
  for (int attempts = 1;; ++attempts) {
    if (attempts == 2) context = context.AsFurtherAttempt();
    Bytes sent = call.method().idempotent ? request.Share() : std::move(request);
    reply = co_await internal::Within<Bytes>(call.channel().Unary(call.method(), std::move(sent)),
                                             context);
    const std::optional<absl::Duration> pause = call.Ended(reply.status(), attempts);
    if (!pause || call.Now() + *pause >= context.deadline()) break;
    co_await Sleep(*pause);
  }
  if (reply.ok()) call.tally()->BytesOut(reply->size());
  call.Answered(reply.status());
  traced.Ended(reply.status());
  co_return reply;
}

Stream<Bytes> GrpcProxy::ForwardStream(Call call, Stream<Bytes> requests) {
  const Context received = co_await CurrentContext();
  TracedCall traced(received, call.telling(), call.loop(), call.method().path);
  traced.At(call.place());
  Context context = call.StreamBounded(traced.Onwards(call.priority()));
  if (call.asleep() != nullptr) call = co_await Awake(call, received, traced);
  context = traced.Begin(std::move(context), call.method());
  call.tally()->Traced(traced.trace_id());
  Stream<Bytes> replies = call.channel().Streaming(call.method(), std::move(requests));
  while (true) {
    absl::StatusOr<std::optional<Bytes>> reply =
        co_await internal::NextWithin<Bytes>(replies.Next(), context);
    if (!reply.ok() || !reply->has_value()) {
      call.Answered(reply.status());
      traced.Ended(reply.status());
    }
    co_await reply.status();
    if (!reply->has_value()) break;
    Bytes bytes = **std::move(reply);
    call.tally()->BytesOut(bytes.size());
    traced.Pauses();
    co_yield std::move(bytes);
    traced.GoesOn();
  }
}

}  // namespace chains::gateway
