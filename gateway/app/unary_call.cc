#include "gateway/app/unary_call.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "chains/core/blocking.h"
#include "chains/core/recording.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "gateway/app/errors.h"
#include "gateway/app/pages.h"
#include "gateway/app/request_body.h"
#include "gateway/body/media.h"

namespace chains::gateway {
namespace {

// `record` is null where nothing is written down.
Task<Response> Call(const Request& request, Invocation& invocation, const Context& context,
                    internal::CallRecord* record) {
  Target& target = invocation.target;
  const json::Transcoder::Method& method = invocation.method;
  const json::Transcoder& transcoder = invocation.transcoder();
  const size_t blocking_bytes = invocation.options.blocking_bytes;
  const BodyHeaders headers = BodyHeadersOf(request.head);
  const bool answers_json = MediaOf(headers.type) != Media::kProtobuf;
  const bool is_usual =
      MediaOf(headers.type) == Media::kJson && !headers.encoding &&
      request.body.size() <=
          std::min<uint64_t>(blocking_bytes, BodyLimitOf(method, invocation.options));
  ByteBudget::Hold unpacked(*invocation.options.unpacked);
  absl::StatusOr<std::string> wire;
  {
    const internal::Serializing transcoding(record);
    if (is_usual) {
      wire = transcoder.RequestToWire(method, request.body);
    } else {
      wire = co_await Outcome(
          WireOf(request, headers, transcoder, method, invocation.options, unpacked));
    }
  }
  co_await wire.status();
  Bytes sent(*wire);
  wire = std::string();
  absl::StatusOr<Bytes> outcome;
  std::optional<Context> further;  // what attempts after the first one say
  const absl::Time began = invocation.loop.Now();
  int attempts = 1;
  for (;; ++attempts) {
    Bytes copy = method.call.idempotent ? sent.Share() : std::move(sent);
    if (attempts == 2) further = context.AsFurtherAttempt();
    outcome = co_await internal::Within<Bytes>(target.channel().Unary(method.call, std::move(copy)),
                                               further ? *further : context);
    const std::optional<absl::Duration> pause =
        target.retries().After(outcome.status(), method.call, attempts);
    if (!pause || invocation.loop.Now() + *pause >= context.deadline()) break;
    co_await Sleep(*pause);
  }
  if (target.deployment() != nullptr) {
    target.deployment()->Answered(method.call, outcome.status(), began, attempts);
  }
  const Bytes received = co_await std::move(outcome);
  std::string reply = received.ToString();
  if (!answers_json) co_return Page(kProtobufType, std::move(reply));
  absl::StatusOr<std::string> json;
  const internal::Serializing transcoding(record);
  if (reply.size() > blocking_bytes) {
    co_await Blocking([&] { json = transcoder.ReplyToJson(method, reply); });
  } else {
    json = transcoder.ReplyToJson(method, reply);
  }
  std::string body = co_await std::move(json);
  co_return Page(kJsonType, std::move(body));
}

// JSON is the gateway's part of serializing.
Task<Response> CallOnRecord(const Request& request, Invocation& invocation) {
  const Context context = invocation.receipt.Under(invocation.context);
  internal::Recording recording(context, invocation.loop,
                                [&invocation] { return CallPlaceOf(invocation.method); });
  const Context called = recording.Under(context);
  absl::StatusOr<Response> outcome =
      co_await Outcome(Call(request, invocation, called, recording.record()));
  const bool refused = outcome.ok() && outcome->status != 200;
  recording.Ended(refused ? absl::Status(CodeOf(outcome->status), "") : outcome.status());
  co_return outcome;
}

}  // namespace

Task<Response> UnaryCall(const Request& request, Invocation& invocation) {
  if (invocation.receipt.written()) return CallOnRecord(request, invocation);
  return Call(request, invocation, invocation.context, nullptr);
}

}  // namespace chains::gateway
