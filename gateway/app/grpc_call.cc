#include "gateway/app/grpc_call.h"

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/grpc/limits.h"
#include "chains/grpc/metadata.h"
#include "chains/grpc/receipts.h"
#include "chains/grpc/status.h"
#include "chains/json/base64.h"
#include "gateway/body/grpc_frames.h"
#include "gateway/body/grpc_text.h"

namespace chains::gateway {
namespace {

constexpr const char* kContentType = "application/grpc";
constexpr const char* kEncodings = "identity,gzip";
constexpr size_t kMaxHeld = size_t{1} << 30;  // of all calls together
constexpr size_t kUnpackedHere = 64 << 10;    // larger messages are unpacked off the loop

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

grpc::string_ref Ref(std::string_view text) { return {text.data(), text.size()}; }

Metadata MetadataOf(const RequestHead& head) {
  Metadata metadata;
  for (const auto& [name, value] : head.headers) metadata.emplace(Ref(name), Ref(value));
  return metadata;
}

std::string Base64Of(std::string_view bytes) {
  std::string text;
  json::AppendBase64(bytes, text);
  return text;
}

HttpHeaders TrailersOf(const grpc::Status& status) {
  HttpHeaders trailers = {{"grpc-status", std::to_string(status.error_code())}};
  if (status.ok()) return trailers;
  trailers.emplace_back("grpc-message", QuoteGrpcMessage(status.error_message()));
  trailers.emplace_back("grpc-status-details-bin", Base64Of(status.error_details()));
  return trailers;
}

Response Begun() {
  Response response;
  response.headers = {{"content-type", kContentType}, {"grpc-accept-encoding", kEncodings}};
  return response;
}

// Trailers alone: nothing else was to be said.
Response Failed(HttpHeaders trailers) {
  Response response = Begun();
  for (auto& trailer : trailers) response.headers.push_back(std::move(trailer));
  return response;
}

std::string FrameOf(const Bytes& message) {
  std::string frame = GrpcPrefix(static_cast<uint32_t>(message.size()));
  frame.reserve(frame.size() + message.size());
  std::vector<grpc::Slice> slices;
  if (message.size() > 0) (void)message.buffer().Dump(&slices);
  for (const grpc::Slice& slice : slices) {
    frame.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return frame;
}

}  // namespace

bool IsGrpcCall(const RequestHead& head) {
  return head.is_http_2 && IsGrpcContentType(head.Header("content-type").value_or(""));
}

// One call, as long as it lasts.
struct GrpcCalls::Call {
  Call(Service::Handler found, Context under, size_t& held_by_all)
      : handler(std::move(found)), context(std::move(under)), all_held(held_by_all) {}
  ~Call() { all_held -= held; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Counts what it holds of messages that are not whole.
  absl::Status Hold(size_t bytes) {
    all_held += bytes - held;
    held = bytes;
    if (bytes == 0 || all_held <= kMaxHeld) return absl::OkStatus();
    return absl::ResourceExhaustedError("too many large messages at once, try again");
  }
  // It ended so; once.
  HttpHeaders Ended(const absl::Status& status) {
    const grpc::Status answer = internal::ToGrpcStatus(status);
    HttpHeaders trailers = TrailersOf(answer);
    if (receipt == nullptr) return trailers;
    const std::string bytes = receipt->Answer(answer);
    if (!bytes.empty()) trailers.emplace_back(internal::kReceiptAnswer, Base64Of(bytes));
    return trailers;
  }

  const Service::Handler handler;
  Context context;
  std::unique_ptr<internal::ServedReceipt> receipt;  // where the caller asked for one
  bool packs = false;                                // messages may be gzip
  size_t& all_held;
  size_t held = 0;
  absl::Status end = absl::UnknownError("the call has not ended");
};

Admission GrpcCalls::Admit() {
  Admission admission;
  admission.in_pieces = true;
  // Every message has a limit, a call has none.
  admission.max_body_bytes = std::numeric_limits<uint64_t>::max();
  return admission;
}

absl::StatusOr<std::shared_ptr<GrpcCalls::Call>> GrpcCalls::Begin(const RequestHead& head) {
  if (head.method != "POST") return absl::InternalError("a gRPC call is a POST");
  const std::string_view encoding = head.Header("grpc-encoding").value_or("identity");
  if (encoding != "identity" && encoding != "gzip") {
    return absl::UnimplementedError(
        Text("grpc-encoding ", encoding, " is not understood here, only ", kEncodings));
  }
  absl::Time deadline = absl::InfiniteFuture();
  if (const auto text = head.Header("grpc-timeout")) {
    const std::optional<absl::Duration> timeout = ParseGrpcTimeout(*text);
    if (!timeout) return absl::InternalError(Text("grpc-timeout ", *text, " is no time"));
    deadline = loop_.Now() + *timeout;
  }
  const Metadata metadata = MetadataOf(head);
  Context context = internal::Receive(deadline, metadata);
  absl::StatusOr<Service::Handler> handler = proxy_.Find(head.target, context);
  if (!handler.ok()) return handler.status();
  auto call = std::make_shared<Call>(*std::move(handler), std::move(context), held_);
  call->packs = encoding == "gzip";
  if (internal::AsksForReceipt(metadata)) {
    call->receipt =
        std::make_unique<internal::ServedReceipt>(call->context, loop_, *call->handler.method);
    call->context = call->receipt->context();
  }
  return call;
}

Task<Response> GrpcCalls::Handle(Request request) {
  const absl::StatusOr<std::shared_ptr<Call>> begun = Begin(request.head);
  if (!begun.ok()) co_return Failed(TrailersOf(internal::ToGrpcStatus(begun.status())));
  const std::shared_ptr<Call> call = *begun;
  Stream<Bytes> requests = Requests(call, *std::move(request.pieces));
  if (call->handler.method->kind != MethodKind::kUnary) {
    Response response = Begun();
    response.pieces = Replies(call, std::move(requests));
    response.trailers = [call] { return call->Ended(call->end); };
    co_return response;
  }
  const absl::StatusOr<Bytes> reply =
      co_await internal::Within<Bytes>(Unary(call, std::move(requests)), call->context);
  HttpHeaders trailers = call->Ended(reply.status());
  if (!reply.ok()) co_return Failed(std::move(trailers));
  Response response = Begun();
  response.body = FrameOf(*reply);
  response.trailers = [trailers = std::move(trailers)] { return trailers; };
  co_return response;
}

Task<Bytes> GrpcCalls::Unary(std::shared_ptr<Call> call, Stream<Bytes> requests) {
  std::optional<Bytes> request = co_await requests.Next();
  if (!request) co_return absl::InternalError("the call ended without a request");
  Bytes reply = co_await call->handler.unary(*std::move(request));
  co_await internal::CheckMessageSize(reply.size(), "the reply of ", call->handler.method->path);
  co_return reply;
}

Stream<std::string> GrpcCalls::Replies(std::shared_ptr<Call> call, Stream<Bytes> requests) {
  Stream<Bytes> replies = call->handler.streaming(std::move(requests));
  while (true) {
    absl::StatusOr<std::optional<Bytes>> reply =
        co_await internal::NextWithin<Bytes>(replies.Next(), call->context);
    call->end = reply.status();
    if (!reply.ok() || !reply->has_value()) break;
    call->end =
        internal::CheckMessageSize((*reply)->size(), "a reply of ", call->handler.method->path);
    if (!call->end.ok()) break;
    std::string frame = FrameOf(**reply);
    co_yield std::move(frame);
  }
}

Stream<Bytes> GrpcCalls::Requests(std::shared_ptr<Call> call, Stream<std::string> pieces) {
  GrpcFrames frames(kMaxMessageBytes);
  while (std::optional<std::string> piece = co_await pieces.Next()) {
    frames.Feed(*piece);
    while (std::optional<GrpcFrames::Message> message = frames.Take()) {
      if (message->is_compressed && !call->packs) {
        co_await absl::InternalError("a message is packed, but grpc-encoding does not say how");
      }
      absl::StatusOr<std::string> bytes = std::move(message->bytes);
      if (message->is_compressed && bytes->size() > kUnpackedHere) {
        co_await Blocking([&] { bytes = GunzipMessage(*bytes, kMaxMessageBytes); });
      } else if (message->is_compressed) {
        bytes = GunzipMessage(*bytes, kMaxMessageBytes);
      }
      co_await bytes.status();
      Bytes request(*bytes);
      co_yield std::move(request);
    }
    co_await frames.problem();
    co_await call->Hold(frames.held());
  }
  if (frames.held() > 0) co_await absl::InternalError("the call ended within a message");
}

}  // namespace chains::gateway
