#include "gateway/app/web_socket_call.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_split.h"
#include "chains/contract/bytes.h"
#include "chains/core/blocking.h"
#include "chains/core/notice.h"
#include "chains/core/recording.h"
#include "chains/core/root.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "gateway/app/call_headers.h"
#include "gateway/app/errors.h"
#include "gateway/http/web_socket_handshake.h"

namespace chains::gateway {
namespace {

using json::Transcoder;
using Message = WebSocket::Message;

constexpr std::string_view kKeyPrefix = "chains.key.";
constexpr uint16_t kNormal = 1000;
constexpr uint16_t kFailures = 4000;  // and the HTTP status

// What the handshake says.
struct Wish {
  absl::Duration idle;  // so long it may be silent
  bool json = true;     // the kind of replies, until the client has sent something
};

// One socket's call. Coroutines that let other threads use its parts keep it.
class SocketCall {
 public:
  SocketCall(Invocation& invocation, Permit place, Wish wish)
      : loop_(invocation.loop),
        options_(invocation.options),
        routes_(std::move(invocation.routes)),
        target_(invocation.target),
        method_(invocation.method),
        trace_(std::move(invocation.trace)),
        context_(ContextOf(invocation, trace_)),
        tally_(std::move(invocation.tally)),
        place_(std::move(place)),
        wish_(wish),
        active_(invocation.loop.Now()) {}

  static Task<void> Run(std::shared_ptr<SocketCall> self, WebSocket& socket) {
    const auto end = co_await Outcome(Finish(self, socket));
    const absl::Status failure = self->problem_.ok() ? end.status() : self->problem_;
    const int status = self->HttpStatusFor(failure);
    self->tally_.Answered(status);
    self->trace_.Ended(failure, status, self->context_.Header("x-request-id").value_or(""));
    if (failure.ok()) {
      co_await socket.Close(kNormal, "");
      co_return;
    }
    Message error(true, ErrorResponse(failure, status).body);
    self->tally_.BytesOut(error.data.size());
    co_await socket.Send(std::move(error));
    const auto code = static_cast<uint16_t>(kFailures + status);
    co_await socket.Close(code, std::string(MessageOf(failure)));
  }

 private:
  using Shared = std::shared_ptr<SocketCall>;

  // It lasts longer than a request; each of its calls is written down as one of the socket's.
  static Context ContextOf(const Invocation& invocation, const RequestTrace& trace) {
    const absl::Time end = invocation.loop.Now() + invocation.options.sockets.lifetime;
    const Context context = trace.ContextFor(end, invocation.context.headers());
    return trace.traced() ? invocation.receipt.Under(context) : context;
  }

  // Until the call has ended, or must: it runs beside this, which watches the time.
  static Task<void> Finish(Shared self, WebSocket& socket) {
    const auto ended = [&self](const absl::StatusOr<internal::Stored<void>>& end) {
      self->ended_ = end.status();
      self->changed_.Give();
    };
    internal::Root<void> relay(self->loop_, self->context_, Relay(self, socket), ended);
    std::optional<internal::Root<void>> strays;
    relay.Start();
    while (!self->ended_ && self->problem_.ok()) {
      if (self->requests_ended_ && !strays) {
        strays.emplace(self->loop_, Context(), Strays(self, socket), [](const auto&) {});
        strays->Start();
        continue;  // it may have found something at once
      }
      const absl::Duration left = self->Until() - self->loop_.Now();
      if (left <= absl::ZeroDuration()) co_await self->Late();
      (void)co_await Outcome(WithTimeout(Changed(*self), left));
    }
    if (self->ended_) co_await *self->ended_;
  }
  static Task<void> Changed(SocketCall& self) { co_await self.changed_.Wait(); }

  // The call itself.
  static Task<void> Relay(Shared self, WebSocket& socket) {
    const bool is_unary = self->method_.call.kind == MethodKind::kUnary;
    Task<void> call = is_unary ? CallEach(self, socket) : Stream(self, socket);
    const absl::Time began = self->loop_.Now();
    const auto end = co_await Outcome(std::move(call));
    const bool is_callees = self->problem_.ok() && self->target_.deployment() != nullptr;
    if (is_callees) {
      self->target_.deployment()->Answered(self->method_.call, end.status(), began);
    }
    co_await end.status();
  }
  static Task<void> Stream(Shared self, WebSocket& socket) {
    internal::Recording recording(self->context_, self->loop_,
                                  [&self] { return CallPlaceOf(self->method_); });
    const Context context = recording.Under(self->context_);
    chains::Stream<Bytes> replies =
        self->target_.channel().Streaming(self->method_.call, Requests(self, socket));
    absl::StatusOr<std::optional<Bytes>> reply;
    while (true) {
      reply = co_await internal::NextWithin<Bytes>(replies.Next(), context);
      if (!reply.ok() || !reply->has_value()) break;
      recording.Pauses();
      co_await Send(self, socket, **std::move(reply));
      recording.GoesOn();
    }
    recording.Ended(reply.status());
    co_await reply.status();
  }
  static Task<void> CallEach(Shared self, WebSocket& socket) {
    chains::Stream<Bytes> requests = Requests(self, socket);
    while (std::optional<Bytes> request = co_await requests.Next()) {
      Bytes reply = co_await CallOnce(self, *std::move(request));
      co_await Send(self, socket, std::move(reply));
    }
  }
  static Task<Bytes> CallOnce(Shared self, Bytes request) {
    internal::Recording recording(self->context_, self->loop_,
                                  [&self] { return CallPlaceOf(self->method_); });
    absl::StatusOr<Bytes> reply = co_await internal::Within<Bytes>(
        self->target_.channel().Unary(self->method_.call, std::move(request)),
        recording.Under(self->context_));
    recording.Ended(reply.status());
    co_return reply;
  }

  static chains::Stream<Bytes> Requests(Shared self, WebSocket& socket) {
    const bool only_one = self->method_.call.kind == MethodKind::kServerStreaming;
    while (std::optional<Message> message = co_await socket.Receive()) {
      self->Came(*message);
      if (IsEnd(*message)) break;
      if (!self->kind_) self->kind_ = message->is_text;
      Bytes request = co_await RequestOf(self, *std::move(message));
      if (only_one) self->HadLastRequest();  // before that is used: nobody asks for another
      co_yield std::move(request);
      if (only_one) co_return;
    }
    self->HadLastRequest();
  }
  static bool IsEnd(const Message& message) { return message.is_text && message.data.empty(); }

  // Nothing should come any more; an end that has been said may be said.
  static Task<void> Strays(Shared self, WebSocket& socket) {
    while (std::optional<Message> message = co_await socket.Receive()) {
      self->Came(*message);
      if (IsEnd(*message)) continue;
      const bool only_one = self->method_.call.kind == MethodKind::kServerStreaming;
      self->Blame(absl::InvalidArgumentError(
          only_one ? Text(self->method_.snake_name, " takes one request, and there came another")
                   : "there came a request after the empty text frame, which is the last"));
      co_return;
    }
  }

  static Task<Bytes> RequestOf(Shared self, Message message) {
    if (!message.is_text) co_return Bytes(message.data);
    const Transcoder& transcoder = *self->target_.transcoder();
    absl::StatusOr<std::string> wire;
    if (message.data.size() > self->options_.blocking_bytes) {
      co_await Blocking([&] { wire = transcoder.RequestToWire(self->method_, message.data); });
    } else {
      wire = transcoder.RequestToWire(self->method_, message.data);
    }
    if (!wire.ok()) self->Blame(wire.status());
    const std::string request = co_await std::move(wire);
    co_return Bytes(request);
  }

  static Task<void> Send(Shared self, WebSocket& socket, Bytes reply) {
    std::string data = reply.ToString();
    const bool as_json = self->kind_.value_or(self->wish_.json);
    if (as_json) data = co_await JsonOf(self, std::move(data));
    self->tally_.BytesOut(data.size());
    Message message(as_json, std::move(data));
    co_await socket.Send(std::move(message));
    self->active_ = self->loop_.Now();
  }
  static Task<std::string> JsonOf(Shared self, std::string wire) {
    const Transcoder& transcoder = *self->target_.transcoder();
    absl::StatusOr<std::string> json;
    if (wire.size() > self->options_.blocking_bytes) {
      co_await Blocking([&] { json = transcoder.ReplyToJson(self->method_, wire); });
    } else {
      json = transcoder.ReplyToJson(self->method_, wire);
    }
    co_return json;
  }

  void HadLastRequest() {
    requests_ended_ = true;
    changed_.Give();
  }
  void Came(const Message& message) {
    active_ = loop_.Now();
    tally_.BytesIn(message.data.size());
  }
  // The client did something wrong: whatever the call comes to, that is how it ends.
  void Blame(absl::Status problem) {
    problem_ = std::move(problem);
    changed_.Give();
  }
  absl::Time Until() const { return std::min(active_ + wish_.idle, context_.deadline()); }
  absl::Status Late() const {
    const bool idle = loop_.Now() < context_.deadline();
    return absl::DeadlineExceededError(
        idle ? Text("idle timeout: no message came or went for ", absl::FormatDuration(wish_.idle),
                    "; Chains-Timeout, or ?timeout=5m, asks for more")
             : Text("a WebSocket is open for ", absl::FormatDuration(options_.sockets.lifetime),
                    " at most"));
  }
  // A request that is too large is the client's mistake.
  int HttpStatusFor(const absl::Status& failure) const {
    return absl::IsResourceExhausted(problem_) ? 413 : HttpStatusOf(failure.code());
  }

  Loop& loop_;
  const GatewayOptions& options_;
  const std::shared_ptr<const Routes> routes_;
  Target& target_;
  const Transcoder::Method& method_;
  RequestTrace trace_;
  const Context context_;
  Tally tally_;
  const Permit place_;
  const Wish wish_;

  std::optional<bool> kind_;  // of the client's first frame: text
  absl::Time active_;         // when a message last came or went
  bool requests_ended_ = false;
  std::optional<absl::Status> ended_;  // the call did
  absl::Status problem_;               // what the client did wrong
  Notice changed_;                     // one of these three
};

std::optional<std::string_view> QueryValue(std::string_view target, std::string_view name) {
  const size_t query = target.find('?');
  if (query == std::string_view::npos) return std::nullopt;
  for (const absl::string_view pair : absl::StrSplit(ToAbsl(target.substr(query + 1)), '&')) {
    const std::string_view text = ToStd(pair);
    if (text.starts_with(name) && text.substr(name.size()).starts_with('=')) {
      return text.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

absl::StatusOr<Wish> WishOf(const RequestHead& head, const GatewayOptions& options) {
  RequestHead with_timeout;
  const std::optional<std::string_view> timeout = QueryValue(head.target, "timeout");
  if (timeout) with_timeout.headers.emplace_back("chains-timeout", *timeout);
  const absl::StatusOr<absl::Duration> idle =
      TimeoutOf(timeout ? with_timeout : head, options.timeout, options.max_timeout);
  if (!idle.ok()) return idle.status();
  const std::string_view format = QueryValue(head.target, "format").value_or("json");
  if (format != "json" && format != "protobuf") {
    return absl::InvalidArgumentError(
        Text("format is json or protobuf, not ", format.substr(0, 40)));
  }
  return Wish{.idle = *idle, .json = format == "json"};
}

// Browsers open WebSockets to anywhere without asking first; those of its own host always may.
bool IsOriginAllowed(const RequestHead& head, const GatewayOptions& options) {
  return IsSameOrigin(head) || options.cors.Allows(*head.Header("origin"));
}

Response Refusal(const HandshakeProblem& problem) {
  const absl::Status status(CodeOf(problem.status), problem.text);
  Response response = ErrorResponse(status, problem.status);
  if (problem.status == 426) {
    response.headers.emplace_back("Upgrade", "websocket");
    response.headers.emplace_back("Sec-WebSocket-Version", "13");
  }
  return response;
}

bool Offers(const RequestHead& head, std::string_view subprotocol) {
  const std::vector<std::string_view> offered = SubprotocolsOf(head);
  return std::find(offered.begin(), offered.end(), subprotocol) != offered.end();
}

}  // namespace

std::optional<std::string> KeyAmongSubprotocols(const RequestHead& head) {
  if (!AsksForWebSocket(head)) return std::nullopt;
  for (const std::string_view offered : SubprotocolsOf(head)) {
    if (offered.starts_with(kKeyPrefix)) return Text("Bearer ", offered.substr(kKeyPrefix.size()));
  }
  return std::nullopt;
}

std::string WebSocketMethod(std::string_view name) {
  return std::string(name == "websocket" ? "run_remote" : name);
}

Response WebSocketCall(const RequestHead& head, Invocation& invocation, Gate& open) {
  if (const auto problem = HandshakeProblemOf(head)) return Refusal(*problem);
  if (!IsOriginAllowed(head, invocation.options)) {
    return ErrorResponse(absl::PermissionDeniedError(
        "pages of this origin may not call: --cors-origin allows some"));
  }
  const absl::StatusOr<Wish> wish = WishOf(head, invocation.options);
  if (!wish.ok()) return ErrorResponse(wish.status());
  std::optional<Permit> place = open.TryEnter();
  if (!place) return ErrorResponse(absl::UnavailableError("too many WebSockets are open"));
  Response response =
      SwitchingProtocols(head, Offers(head, kWebSocketProtocol) ? kWebSocketProtocol : "");
  auto call = std::make_shared<SocketCall>(invocation, *std::move(place), *wish);
  response.web_socket = [call](WebSocket& socket) { return SocketCall::Run(call, socket); };
  return response;
}

}  // namespace chains::gateway
