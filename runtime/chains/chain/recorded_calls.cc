#include "chains/chain/recorded_calls.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include <google/protobuf/dynamic_message.h>
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

// `factory` is null for messages of this program.
std::unique_ptr<Message> Read(const Descriptor& type, std::string_view bytes,
                              MessageFactory* factory = nullptr) {
  if (factory == nullptr) factory = MessageFactory::generated_factory();
  const Message* const prototype = factory->GetPrototype(&type);
  if (prototype == nullptr) return nullptr;
  std::unique_ptr<Message> message(prototype->New());
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
  return message;
}

// The call below `span` in which its failure began: the failed child's, and its, while there is
// one.
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
      hops.push_back(
          {.chainlet = below->chainlet(), .method = below->method(), .replica = below->replica()});
    }
    began = below;
  }
  const std::string message =
      began->message().empty() ? std::string(kUnknownMessage) : began->message();
  const absl::Status status(static_cast<absl::StatusCode>(span.code()), message);
  return hops.empty() ? status : WithPath(status, hops);
}

bool ServerStreams(MethodKind kind) {
  return kind == MethodKind::kServerStreaming || kind == MethodKind::kBidirectional;
}

}  // namespace

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
  // It outlives the message.
  google::protobuf::DynamicMessageFactory others;
  const bool is_ours = type.file()->pool() == google::protobuf::DescriptorPool::generated_pool();
  const std::unique_ptr<Message> message = Read(type, bytes, is_ours ? nullptr : &others);
  if (message == nullptr) return std::string(bytes);
  internal::ClearPrivateFields(*message);
  std::string comparable;
  {
    google::protobuf::io::StringOutputStream stream(&comparable);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    if (!message->SerializePartialToCodedStream(&output)) return std::string(bytes);
  }
  return comparable;
}

namespace {

const MethodDescriptor* MethodIn(const google::protobuf::DescriptorPool& pool,
                                 std::string_view chainlet, std::string_view method) {
  const google::protobuf::ServiceDescriptor* const service =
      pool.FindServiceByName(std::string(chainlet));
  return service == nullptr ? nullptr : service->FindMethodByName(std::string(method));
}

std::vector<std::string> Side(bool is_stream, const std::string& bytes) {
  if (is_stream) return SplitMessages(bytes);
  return {bytes};
}

// The spans of a request by their ids.
class Tree {
 public:
  explicit Tree(const v1::RecordedRequest& request) {
    for (const v1::Span& span : request.spans()) {
      by_id_.emplace(span.span_id(), &span);
      const bool is_served = span.kind() == v1::Span::SERVER && span.recorded();
      if (is_served) served_.insert(span.parent_span_id());
    }
  }
  // A call, told of by the one of its ends that counts.
  bool Counts(const v1::Span& span) const {
    if (!span.recorded() || span.chainlet().empty()) return false;
    return span.kind() == v1::Span::SERVER || !served_.contains(span.span_id());
  }
  // The chainlet that made the call: the nearest above that serves one.
  std::string CallerOf(const v1::Span& span) const {
    const v1::Span* at = &span;
    // No way up is longer than there are spans, whatever ids they have.
    for (size_t steps = 0; steps < by_id_.size(); ++steps) {
      const auto above = by_id_.find(at->parent_span_id());
      if (above == by_id_.end()) return "";
      at = above->second;
      if (at->kind() == v1::Span::SERVER) return at->chainlet();
    }
    return "";
  }

 private:
  std::unordered_map<uint64_t, const v1::Span*> by_id_;
  std::unordered_set<uint64_t> served_;  // ids of those below which a callee tells of the call
};

}  // namespace

const MethodDescriptor* DescribedMethod(std::string_view chainlet, std::string_view method) {
  return MethodIn(*google::protobuf::DescriptorPool::generated_pool(), chainlet, method);
}

std::vector<NamedCall> CallsOf(const v1::RecordedRequest& request,
                               const google::protobuf::DescriptorPool& pool) {
  const Tree tree(request);
  std::vector<const v1::Span*> spans;
  for (const v1::Span& span : request.spans()) {
    if (tree.Counts(span)) spans.push_back(&span);
  }
  std::stable_sort(spans.begin(), spans.end(), [](const v1::Span* one, const v1::Span* other) {
    return one->start_unix_us() < other->start_unix_us();
  });
  std::vector<NamedCall> calls;
  for (const v1::Span* const span : spans) {
    const MethodDescriptor* const method = MethodIn(pool, span->chainlet(), span->method());
    NamedCall told{.caller = tree.CallerOf(*span),
                   .chainlet = span->chainlet(),
                   .method = span->method(),
                   .call = {}};
    told.call.requests = Side(method != nullptr && method->client_streaming(), span->request());
    told.call.replies = Side(method != nullptr && method->server_streaming(), span->reply());
    told.call.status = StatusOf(request, *span);
    told.call.cut = span->cut();
    calls.push_back(std::move(told));
  }
  return calls;
}

RecordedCalls::RecordedCalls(const v1::RecordedRequest& request) {
  for (NamedCall& call : CallsOf(request, *google::protobuf::DescriptorPool::generated_pool())) {
    Add(std::move(call));
  }
}

void RecordedCalls::Add(NamedCall call) {
  if (const MethodDescriptor* const method = DescribedMethod(call.chainlet, call.method)) {
    for (std::string& each : call.call.requests) {
      each = ComparableBytes(*method->input_type(), each);
    }
  }
  Key key(call.chainlet, call.method);
  calls_[std::move(key)].push_back({.told = std::move(call)});
}

absl::StatusOr<NamedCall> RecordedCalls::EntryTo(std::string_view chainlet) const {
  for (const auto& [of, calls] : calls_) {
    if (of.first != chainlet) continue;
    for (const Kept& each : calls) {
      if (each.told.caller.empty()) return each.told;
    }
  }
  return absl::NotFoundError(
      Text("the recording lacks the call of the entrypoint ", chainlet, " itself"));
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
    if (each.told.call.requests != requests) continue;
    found = &each;
    if (!each.used) break;
  }
  if (found == nullptr) return NoAnswer(method, shown);
  found->used = true;
  return found->told.call;
}

absl::StatusOr<RecordedCall> RecordedCalls::TakeNext(const Method& method) {
  const auto calls = calls_.find({std::string(method.chainlet), std::string(method.name)});
  if (calls == calls_.end()) return NoAnswer(method, "");
  for (Kept& each : calls->second) {
    if (each.used) continue;
    each.used = true;
    return each.told.call;
  }
  return NoAnswer(method, "");
}

std::vector<NamedCall> RecordedCalls::Unused() const {
  std::vector<NamedCall> unused;
  for (const auto& [of, calls] : calls_) {
    for (const Kept& each : calls) {
      if (!each.used) unused.push_back(each.told);
    }
  }
  return unused;
}

bool IsAsRecorded(const absl::Status& recorded, const absl::Status& now) {
  constexpr size_t kAlmostAll = 500;  // a character that would be cut is left out, too
  if (recorded.code() != now.code()) return false;
  const std::string_view then = MessageOf(recorded);
  if (then == kUnknownMessage) return true;
  const std::string_view said = MessageOf(now);
  return then == said || (then.size() >= kAlmostAll && said.starts_with(then));
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
