// Messages of a call, kept on its record while the chain is recorded: as bytes, without what their
// fields keep private ((chains.v1.redact) of options.proto), as far as there is room. Where nothing
// is kept it is one comparison. Implementation detail of contract_inl.h.
//
//   KeepRequest(record, request);   // record may be null
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <google/protobuf/message.h>

#include "absl/status/statusor.h"
#include "chains/core/recording.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"

namespace chains::internal {

// `message` without what is private; its bytes, or nothing when there is no room for them, which
// `record` notes.
std::optional<std::string> PublicBytes(CallRecord& record,
                                       const google::protobuf::Message& message);
// Whether it has fields of its own, or below, that are private.
bool HasPrivateFields(const google::protobuf::Descriptor& type);
// Takes them out.
void ClearPrivateFields(google::protobuf::Message& message);

// The only message of that side, and one of several. `record` keeps messages.
void KeepOnly(CallRecord& record, CallRecord::Side side, const google::protobuf::Message& message);
void KeepOneOf(CallRecord& record, CallRecord::Side side, const google::protobuf::Message& message);

// Messages without reflection cannot be looked into, so they are not kept.
template <typename M>
inline constexpr bool kCanBeKept = std::is_base_of_v<google::protobuf::Message, M>;

template <typename M>
void KeepRequest(CallRecord* record, const M& message) {
  if constexpr (kCanBeKept<M>) {
    if (record != nullptr && record->keeps_messages()) [[unlikely]]
      KeepOnly(*record, CallRecord::Side::kRequest, message);
  }
}
template <typename M>
void KeepReply(CallRecord* record, const M& message) {
  if constexpr (kCanBeKept<M>) {
    if (record != nullptr && record->keeps_messages()) [[unlikely]]
      KeepOnly(*record, CallRecord::Side::kReply, message);
  }
}
template <typename M>
void KeepItem(CallRecord* record, CallRecord::Side side, const M& message) {
  if constexpr (kCanBeKept<M>) {
    if (record != nullptr) KeepOneOf(*record, side, message);
  }
}

inline bool KeepsMessages(const Context& context, const Loop& loop) {
  const std::shared_ptr<CallRecord>& record = context.record();
  return record != nullptr && record->keeps_messages() && &record->receipt().loop() == &loop;
}
// Whether this place keeps the messages of a call with streams: of both ends in one process the
// caller's does.
inline bool KeepsStreamsOf(const Recording& recording) {
  return recording.record() != nullptr && recording.record()->KeepsStreams();
}

template <typename M>
Stream<M> KeepEach(std::shared_ptr<CallRecord> record, Stream<M> messages) {
  while (std::optional<M> message = co_await messages.Next()) {
    KeepItem(record.get(), CallRecord::Side::kRequest, *message);
    co_yield *std::move(message);
  }
}
template <typename M>
M KeepArgument(const std::shared_ptr<CallRecord>& record, M request) {
  KeepRequest(record.get(), request);
  return request;
}
template <typename M>
Stream<M> KeepArgument(std::shared_ptr<CallRecord> record, Stream<M> requests) {
  return KeepEach(std::move(record), std::move(requests));
}

// A call that keeps its messages on the record that it runs under.
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> CallKeeping(T& target, Request request) {
  Here::Place here = co_await Here();
  const std::shared_ptr<CallRecord> record = here.context().record();
  KeepRequest(record.get(), request);
  Task<Reply> call = (target.*kMethod)(std::move(request));
  absl::StatusOr<Reply> reply = co_await Outcome(std::move(call));
  if (reply.ok()) KeepReply(record.get(), *reply);
  co_return reply;
}
template <auto kMethod, typename Reply, typename T, typename Request>
class EachKeptAttempt {
 public:
  EachKeptAttempt(T& target, Request request) : target_(&target), request_(std::move(request)) {}
  Task<Reply> operator()(bool last) {
    Request sent = last ? std::move(request_) : request_;
    return CallKeeping<kMethod, Reply>(*target_, std::move(sent));
  }

 private:
  T* target_;
  Request request_;
};

}  // namespace chains::internal
