// The way of a unary call through a Channel while there is a receipt in the process: the request is
// serialized when the call is made, not before, so that its record can say what that took.
// Generated code takes it.
#pragma once

#include <memory>
#include <utility>

#include "chains/contract/contract_inl.h"

namespace chains::internal {

// `request` outlives the call.
template <typename Reply, typename Request>
Task<Reply> CallRecorded(Channel& channel, const Method& method, const Request& request) {
  Here::Place here = co_await Here();
  const std::shared_ptr<CallRecord> record =
      OpenRecord(here.context(), here.loop(), method.chainlet, method.name);
  KeepRequest(record.get(), request);
  Bytes sent = co_await Serialize(request, record.get());
  Bytes received = co_await channel.Unary(method, std::move(sent));
  Reply reply;
  co_await Parse(received, reply, record.get());
  KeepReply(record.get(), reply);
  co_return reply;
}
template <typename Reply, typename Request>
class EachRecordedAttempt {
 public:
  EachRecordedAttempt(Channel& channel, const Method& method, Request request)
      : channel_(&channel), method_(&method), request_(std::move(request)) {}
  Task<Reply> operator()(bool) { return CallRecorded<Reply>(*channel_, *method_, request_); }

 private:
  Channel* channel_;
  const Method* method_;
  Request request_;
};
template <typename Reply, typename Request>
Task<Reply> GuardRecorded(Channel& channel, const Method& method, Passage& passage,
                          Request request) {
  Here::Place here = co_await Here();
  if (here.context().record() == nullptr) {
    Task<Reply> call = GuardSerialized<Reply>(channel, method, passage, Bytes::Serialize(request));
    co_return co_await Outcome(std::move(call));
  }
  Task<Reply> call = GoTheLongWay<Reply>(
      passage, EachRecordedAttempt<Reply, Request>(channel, method, std::move(request)), 0,
      absl::ZeroDuration());
  co_return co_await Outcome(std::move(call));
}

}  // namespace chains::internal
