#include "chains/testing/faulty_channel.h"

#include "chains/core/timing.h"
#include "chains/policy/faults.h"

namespace chains::testing {
Fault Fault::Fails(absl::Status status) {
  Fault fault;
  fault.instead_ = std::move(status);
  return fault;
}
Fault Fault::Delays(absl::Duration duration) {
  Fault fault;
  fault.delay_ = duration;
  return fault;
}
Fault Fault::NeverAnswers() { return Delays(absl::InfiniteDuration()); }
Fault Fault::Corrupts() {
  Fault fault;
  fault.corrupts_ = true;
  return fault;
}
Fault Fault::FailsAfter(size_t messages, absl::Status status) {
  Fault fault;
  fault.messages_ = messages;
  fault.after_messages_ = std::move(status);
  return fault;
}

// From the beginning of a call to its end.
class FaultyChannel::Call {
 public:
  explicit Call(FaultyChannel& channel) : channel_(channel) {
    ++channel_.in_flight_;
    channel_.began_.Arrive();
  }
  Call(const Call&) = delete;
  ~Call() {
    --channel_.in_flight_;
    if (!ended_) ++channel_.dropped_;
  }
  void Ended() { ended_ = true; }

 private:
  FaultyChannel& channel_;
  bool ended_ = false;
};

void FaultyChannel::Inject(int call, Fault fault) {
  faults_.insert_or_assign(call, std::move(fault));
}

Fault FaultyChannel::Next() {
  const auto found = faults_.find(++calls_);
  if (found != faults_.end()) return found->second;
  return every_call_.value_or(Fault());
}

Task<Bytes> FaultyChannel::Unary(const Method& method, Bytes request) {
  const Fault fault = Next();
  Call call(*this);
  co_await Sleep(fault.delay_);
  if (!fault.instead_.ok()) {
    call.Ended();
    co_return fault.instead_;
  }
  absl::StatusOr<Bytes> reply = co_await Outcome(inner_.Unary(method, std::move(request)));
  call.Ended();
  if (reply.ok() && fault.messages_) co_return fault.after_messages_;
  if (reply.ok() && fault.corrupts_) co_return Corrupted(*reply);
  co_return reply;
}

Stream<Bytes> FaultyChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  const Fault fault = Next();
  Call call(*this);
  co_await Sleep(fault.delay_);
  if (!fault.instead_.ok()) {
    call.Ended();
    co_await fault.instead_;
  }
  Stream<Bytes> replies = inner_.Streaming(method, std::move(requests));
  for (size_t messages = 0;; ++messages) {
    if (fault.messages_ == messages) {
      call.Ended();
      co_await fault.after_messages_;
    }
    absl::StatusOr<std::optional<Bytes>> reply = co_await Outcome(replies.Next());
    if (!reply.ok() || !reply->has_value()) {
      call.Ended();
      co_await reply.status();
      break;
    }
    Bytes message = **std::move(reply);
    if (fault.corrupts_) message = Corrupted(message);
    co_yield std::move(message);
  }
}

}  // namespace chains::testing
