#include "chains/chain/recorded_calls.h"

#include <algorithm>
#include <memory>
#include <optional>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include "chains/contract/kept_messages.h"
#include "chains/contract/status_path.h"
#include "chains/core/text.h"

namespace chains {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

std::unique_ptr<Message> Read(const Descriptor& type, std::string_view bytes) {
  const Message* const prototype = MessageFactory::generated_factory()->GetPrototype(&type);
  if (prototype == nullptr) return nullptr;
  std::unique_ptr<Message> message(prototype->New());
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
  return message;
}

// The call below `span` in which its failure began: the failed child's, and its, while there is one.
const v1::Span* FailedBelow(const v1::RecordedRequest& request, const v1::Span& span) {
  for (const v1::Span& each : request.spans()) {
    if (each.parent_span_id() == span.span_id() && each.code() == span.code()) return &each;
  }
  return nullptr;
}

absl::Status StatusOf(const v1::RecordedRequest& request, const v1::Span& span) {
  if (span.code() == 0) return absl::OkStatus();
  std::vector<Hop> hops;
  const v1::Span* began = &span;
  // Each step goes one call down, so there are no more than there are spans.
  for (int steps = 0; began->message().empty() && steps < request.spans_size(); ++steps) {
    const v1::Span* const below = FailedBelow(request, *began);
    if (below == nullptr) break;
    const bool same_call = below->chainlet() == began->chainlet() &&
                           below->method() == began->method() && began->kind() == v1::Span::CLIENT;
    if (!same_call) {
      hops.push_back({.chainlet = below->chainlet(), .method = below->method(),
                      .replica = below->replica()});
    }
    began = below;
  }
  const std::string message =
      began->message().empty() ? Text("it failed so while it was recorded") : began->message();
  const absl::Status status(static_cast<absl::StatusCode>(span.code()), message);
  return hops.empty() ? status : WithPath(status, hops);
}

bool ServerStreams(MethodKind kind) {
  return kind == MethodKind::kServerStreaming || kind == MethodKind::kBidirectional;
}

}  // namespace

const MethodDescriptor* DescribedMethod(std::string_view chainlet, std::string_view method) {
  const google::protobuf::ServiceDescriptor* const service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(chainlet));
  return service == nullptr ? nullptr : service->FindMethodByName(std::string(method));
}

std::vector<std::string> SplitMessages(std::string_view bytes) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  std::vector<std::string> messages;
  uint32_t size = 0;
  std::string message;
  while (input.ReadVarint32(&size) && input.ReadString(&message, static_cast<int>(size))) {
    messages.push_back(message);
  }
  return messages;
}

std::string ComparableBytes(const Descriptor& type, std::string_view bytes) {
  const std::unique_ptr<Message> message = Read(type, bytes);
  if (message == nullptr) return std::string(bytes);
  internal::ClearPrivateFields(*message);
  std::string comparable;
  {
    google::protobuf::io::StringOutputStream stream(&comparable);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    message->SerializeWithCachedSizes(&output);
  }
  return comparable;
}

namespace {

RecordedCall CallOf(const v1::RecordedRequest& request, const v1::Span& span) {
  const MethodDescriptor* const method = DescribedMethod(span.chainlet(), span.method());
  const bool is_stream = method != nullptr && method->client_streaming();
  RecordedCall call;
  call.requests = is_stream ? SplitMessages(span.request()) : std::vector{span.request()};
  if (method != nullptr) {
    for (std::string& each : call.requests) {
      each = ComparableBytes(*method->input_type(), each);
    }
  }
  call.replies = method != nullptr && method->server_streaming()
                          ? SplitMessages(span.reply())
                          : std::vector{span.reply()};
  call.status = StatusOf(request, span);
  call.cut = span.cut();
  return call;
}

}  // namespace

RecordedCalls::RecordedCalls(const v1::RecordedRequest& request) : request_(request) {
  // Both ends tell of a call between processes: that of the callee counts, where there is one.
  for (const v1::Span& span : request.spans()) {
    if (span.kind() == v1::Span::SERVER) {
      if (span.recorded()) Add(request, span);
      continue;
    }
    const bool served = std::any_of(
        request.spans().begin(), request.spans().end(), [&span](const v1::Span& other) {
          return other.kind() == v1::Span::SERVER && other.parent_span_id() == span.span_id() &&
                 other.recorded();
        });
    if (span.recorded() && !served) Add(request, span);
  }
}

void RecordedCalls::Add(const v1::RecordedRequest& request, const v1::Span& span) {
  calls_[{span.chainlet(), span.method()}].push_back({.call = CallOf(request, span)});
}

absl::StatusOr<RecordedCalls::Entry> RecordedCalls::EntryTo(std::string_view chainlet) const {
  const v1::Span* found = nullptr;
  for (const v1::Span& span : request_.spans()) {
    if (span.chainlet() != chainlet || span.kind() != v1::Span::SERVER || !span.recorded()) continue;
    if (found == nullptr || span.start_unix_us() < found->start_unix_us()) found = &span;
  }
  if (found == nullptr) {
    return absl::NotFoundError(
        Text("the recording lacks the call of the entrypoint ", chainlet, " itself"));
  }
  return Entry{.method = found->method(), .call = CallOf(request_, *found)};
}

absl::Status RecordedCalls::NoAnswer(const Method& method, std::string_view shown) const {
  const auto calls = calls_.find({std::string(method.chainlet), std::string(method.name)});
  const size_t recorded = calls == calls_.end() ? 0 : calls->second.size();
  return absl::FailedPreconditionError(
      Text("the recording has no answer of ", method.chainlet, "/", method.name,
           recorded == 0 ? "" : Text(" to this request (", recorded, " others are recorded)"),
           shown.empty() ? "" : Text(": ", shown), "; run it itself: --real ", method.chainlet));
}

absl::StatusOr<RecordedCall> RecordedCalls::Take(const Method& method,
                                                 const std::vector<std::string>& requests,
                                                 std::string_view shown) {
  const auto calls = calls_.find({std::string(method.chainlet), std::string(method.name)});
  if (calls == calls_.end()) return NoAnswer(method, shown);
  Kept* found = nullptr;
  for (Kept& each : calls->second) {
    if (each.call.requests != requests) continue;
    found = &each;
    if (!each.used) break;
  }
  if (found == nullptr) return NoAnswer(method, shown);
  found->used = true;
  return found->call;
}

absl::StatusOr<RecordedCall> RecordedCalls::TakeNext(const Method& method) {
  const auto calls = calls_.find({std::string(method.chainlet), std::string(method.name)});
  if (calls == calls_.end()) return NoAnswer(method, "");
  for (Kept& each : calls->second) {
    if (each.used) continue;
    each.used = true;
    return each.call;
  }
  return NoAnswer(method, "");
}

std::vector<std::string> RecordedCalls::Unused() const {
  std::vector<std::string> unused;
  for (const auto& [of, calls] : calls_) {
    for (const Kept& each : calls) {
      if (!each.used) unused.push_back(Text(of.first, "/", of.second));
    }
  }
  return unused;
}

absl::StatusOr<RecordedCall> RecordedChannel::Answer(const Method& method,
                                                     std::vector<std::string> requests) {
  const MethodDescriptor* const described = DescribedMethod(method.chainlet, method.name);
  std::string shown;
  if (described != nullptr) {
    for (std::string& request : requests) {
      if (shown.empty()) {
        const std::unique_ptr<Message> message = Read(*described->input_type(), request);
        if (message != nullptr) {
          internal::ClearPrivateFields(*message);
          shown = message->ShortDebugString().substr(0, 500);
        }
      }
      request = ComparableBytes(*described->input_type(), request);
    }
  }
  absl::StatusOr<RecordedCall> call = method.kind == MethodKind::kBidirectional
                                          ? calls_.TakeNext(method)
                                          : calls_.Take(method, requests, shown);
  if (!call.ok()) return call;
  if (call->cut && call->status.ok()) {
    return absl::FailedPreconditionError(
        Text("messages of ", method.chainlet, "/", method.name,
             " were too large to be recorded; run it itself: --real ", method.chainlet));
  }
  return call;
}

Task<Bytes> RecordedChannel::Unary(const Method& method, Bytes request) {
  std::vector<std::string> requests;
  requests.push_back(request.ToString());
  RecordedCall call = co_await Answer(method, std::move(requests));
  co_await call.status;
  co_return Bytes(call.replies.front());
}

Stream<Bytes> RecordedChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  std::vector<std::string> all;
  if (method.kind != MethodKind::kBidirectional) {
    while (std::optional<Bytes> request = co_await requests.Next()) {
      all.push_back(request->ToString());
    }
  }
  RecordedCall call = co_await Answer(method, std::move(all));
  // An only reply is there where the call succeeded.
  const bool only = !ServerStreams(method.kind) && !call.status.ok();
  for (const std::string& reply : call.replies) {
    if (!only) co_yield Bytes(reply);
  }
  co_await call.status;
}

}  // namespace chains
