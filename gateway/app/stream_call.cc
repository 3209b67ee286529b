#include "gateway/app/stream_call.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "chains/contract/bytes.h"
#include "chains/core/blocking.h"
#include "chains/core/recording.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "gateway/app/errors.h"
#include "gateway/app/feed.h"
#include "gateway/app/pages.h"
#include "gateway/app/replies.h"
#include "gateway/app/request_body.h"
#include "gateway/app/request_items.h"
#include "gateway/app/stream_format.h"
#include "gateway/app/streamed_call.h"
#include "gateway/body/sse.h"

namespace chains::gateway {
namespace {

using Reply = Feed<Bytes>::Item;

// The end of what is asked by who has it already: EventSources come again when a stream has ended.
bool HasEnd(const RequestHead& head) { return head.Header("last-event-id") == kSseLastId; }

// The JSON of a reply, or its bytes.
Task<std::string> ItemOf(StreamedCall& call, Bytes reply, bool is_json) {
  std::string wire = reply.ToString();
  if (!is_json) co_return wire;
  const internal::Serializing transcoding(call.recording().record());
  absl::StatusOr<std::string> json;
  if (wire.size() > call.options().blocking_bytes) {
    co_await Blocking([&] { json = call.transcoder().ReplyToJson(call.method(), wire); });
  } else {
    json = call.transcoder().ReplyToJson(call.method(), wire);
  }
  co_return json;
}

// The next reply, or how the call ended. DEADLINE_EXCEEDED: by a deadline, or for nothing came.
Task<std::optional<Bytes>> NextReply(StreamedCall& call, Feed<Bytes>& replies) {
  while (true) {
    std::optional<Reply> reply = co_await replies.Next(call.Until());
    if (!reply) {
      co_await call.Late();
      continue;
    }
    call.IsActive();
    if (reply->ok() && reply->value()) call.recording().Pauses();
    co_return *std::move(reply);
  }
}

// The replies of one call to its client, as a response in pieces.
class Writer {
 public:
  Writer(std::shared_ptr<StreamedCall> call, std::unique_ptr<Feed<Bytes>> replies,
         StreamFormat format)
      : call_(std::move(call)), replies_(std::move(replies)), format_(format) {}

  // Waits for what the response is to begin with; in vain where a heartbeat is due first. Fails as
  // the call does.
  static Task<std::unique_ptr<Writer>> Begun(std::unique_ptr<Writer> writer) {
    const StreamedCall& call = *writer->call_;
    do {
      writer->next_ = co_await writer->replies_->Next(writer->Until());
      if (!writer->next_) co_await call.Late();
    } while (!writer->next_ && !writer->beats());
    if (writer->next_) co_await writer->next_->status();
    co_return std::move(writer);
  }

  static Stream<std::string> Pieces(std::unique_ptr<Writer> writer) {
    StreamedCall& call = *writer->call_;
    absl::Status end;
    uint64_t number = 0;
    std::optional<Reply> next = std::exchange(writer->next_, std::nullopt);
    if (!next) co_yield SseHeartbeat();
    while (true) {
      if (!next) next = co_await writer->replies_->Next(writer->Until());
      if (!next) {
        end = call.Late();
        if (!end.ok()) break;
        if (writer->beats()) co_yield SseHeartbeat();
        continue;
      }
      if (!next->ok() || !(*next)->has_value()) {
        end = next->status();
        break;
      }
      call.recording().Pauses();
      absl::StatusOr<std::string> item =
          co_await Outcome(ItemOf(call, *std::move(**next), writer->is_json()));
      next.reset();
      if (!item.ok()) {
        end = item.status();
        break;
      }
      std::string piece = PieceOf(writer->format_, ++number, *std::move(item));
      call.tally().BytesOut(piece.size());
      co_yield std::move(piece);
      call.recording().GoesOn();
      call.IsActive();
    }
    writer->replies_.reset();  // whoever still works for it stops now
    end = call.Explained(std::move(end));
    call.Ended(end);
    std::string last = end.ok() ? EndOf(writer->format_) : FailureOf(writer->format_, end);
    call.tally().BytesOut(last.size());
    const bool says_why = !end.ok() && !last.empty();
    if (!last.empty()) co_yield std::move(last);
    // Broken off, so that nobody takes it for whole; an event says so by itself.
    if (writer->format_ == StreamFormat::kEvents) co_return;
    if (says_why) co_await Sleep(call.options().streams.time_to_read);
    co_await end;
  }

 private:
  bool beats() const { return format_ == StreamFormat::kEvents; }
  bool is_json() const { return format_ != StreamFormat::kProtobuf; }
  absl::Time Until() const {
    const absl::Time beat = call_->loop().Now() + call_->options().streams.heartbeat;
    return beats() ? std::min(call_->Until(), beat) : call_->Until();
  }

  const std::shared_ptr<StreamedCall> call_;
  std::unique_ptr<Feed<Bytes>> replies_;
  const StreamFormat format_;
  std::optional<Reply> next_;
};

Task<Response> InPieces(std::shared_ptr<StreamedCall> call, std::unique_ptr<Feed<Bytes>> replies,
                        StreamFormat format) {
  std::unique_ptr<Writer> writer =
      co_await Writer::Begun(std::make_unique<Writer>(call, std::move(replies), format));
  Response response = Page(TypeOf(format), "");
  response.headers.emplace_back("Cache-Control", "no-store");
  // Asks nginx, and what follows it, to pass each item on as it comes.
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.trailers = call->Trailers();
  if (response.trailers) response.headers.emplace_back("Trailer", "Chains-Receipt");
  response.pieces = Writer::Pieces(std::move(writer));
  co_return response;
}

// 413 says it of requests; what has no status of its own is closest to it. 429 would be repeated.
Response TooMuch(StreamedCall& call) {
  const StreamOptions& options = call.options().streams;
  return call.Refusal(absl::ResourceExhaustedError(Text(
                          "the replies are more than an array may hold: ",
                          options.max_gathered_items, " items or ", options.max_gathered_bytes,
                          " bytes; take them as they come instead (Accept: application/x-ndjson)")),
                      413);
}

Task<Response> Gathered(std::shared_ptr<StreamedCall> call, std::unique_ptr<Feed<Bytes>> replies) {
  const StreamOptions& options = call->options().streams;
  std::string array = "[";
  HeldBytes::Share share(call->held());
  for (size_t items = 0;; ++items) {
    std::optional<Bytes> reply = co_await NextReply(*call, *replies);
    if (!reply) break;
    const bool fits = items < options.max_gathered_items &&
                      array.size() + reply->size() <= options.max_gathered_bytes;
    if (!fits) co_return TooMuch(*call);
    const std::string item = co_await ItemOf(*call, *std::move(reply), true);
    if (array.size() + item.size() > options.max_gathered_bytes) co_return TooMuch(*call);
    call->recording().GoesOn();
    if (items > 0) array += ',';
    array += item;
    co_await share.Set(array.capacity());
  }
  array += ']';
  co_return call->Whole(Page(kJsonType, std::move(array)));
}

// Of a method that answers once.
Task<Response> Single(std::shared_ptr<StreamedCall> call, std::unique_ptr<Feed<Bytes>> replies,
                      bool is_json) {
  std::optional<Bytes> reply = co_await NextReply(*call, *replies);
  if (!reply) co_await absl::InternalError("the method ended without a reply");
  std::string body = co_await ItemOf(*call, *std::move(reply), is_json);
  call->recording().GoesOn();
  const std::optional<Bytes> more = co_await NextReply(*call, *replies);
  if (more) co_await absl::InternalError("the method answered more than once");
  co_return call->Whole(Page(is_json ? kJsonType : kProtobufType, std::move(body)));
}

Task<Response> Respond(std::shared_ptr<StreamedCall> call, std::unique_ptr<Feed<Bytes>> replies,
                       StreamFormat format) {
  if (!call->method().descriptor->server_streaming()) {
    return Single(std::move(call), std::move(replies), format != StreamFormat::kProtobuf);
  }
  if (format == StreamFormat::kArray) return Gathered(std::move(call), std::move(replies));
  return InPieces(std::move(call), std::move(replies), format);
}

Task<Response> Call(std::shared_ptr<StreamedCall> call, Request& request) {
  const BodyHeaders headers = BodyHeadersOf(request.head);
  co_await CheckMedia(headers, call->method());
  const Encoding encoding = co_await BodyEncodingOf(headers);
  std::optional<Stream<Bytes>> replies;
  if (call->method().descriptor->client_streaming()) {
    replies = Replies(call, RequestItems(call, request, encoding));
  } else {
    Bytes sent = co_await RequestItem(call, request);
    replies = Replies(call, std::move(sent));
  }
  auto feed = std::make_unique<Feed<Bytes>>(call->loop(), call->context(), *std::move(replies));
  co_return co_await Respond(std::move(call), std::move(feed), FormatOf(request.head));
}

}  // namespace

Task<Response> StreamCall(Request& request, Invocation& invocation) {
  if (HasEnd(request.head)) {
    Response nothing;
    nothing.status = 204;
    co_return nothing;
  }
  const auto call = std::make_shared<StreamedCall>(invocation);
  absl::StatusOr<Response> response = co_await Outcome(Call(call, request));
  if (!response.ok()) co_return call->Refusal(response.status());
  co_return *std::move(response);
}

}  // namespace chains::gateway
