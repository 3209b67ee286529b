#include "chains/grpc/client_carrier.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/grpc/sendable.h"
#include "chains/grpc/status.h"

namespace chains::internal {
namespace {

// What waits to be written, at most: a callee that does not read gets calls that come alone.
constexpr size_t kMostUnwritten = 256 * 1024;

// So many calls of one turn do not wait for its end: the callee can begin with them meanwhile.
constexpr int kCallsAtOnce = 16;

// Rounded down: a callee's deadline is not later than its caller's. A call that is late already is
// not one without a deadline.
uint64_t MicrosecondsUntil(absl::Time deadline, absl::Time now) {
  if (deadline == absl::InfiniteFuture()) return 0;
  return static_cast<uint64_t>(std::max<int64_t>(absl::ToInt64Microseconds(deadline - now), 1));
}

absl::Status TooLate(const Peer& peer, const Method& method) {
  return absl::DeadlineExceededError(absl::StrCat("deadline exceeded waiting for ",
                                                  std::string(method.path), " at ", peer.address));
}

}  // namespace

void ClientCarrier::Open(grpc::GenericStub& stub, absl::AnyInvocable<void()> tell_channel) {
  if (!reactor_.Admit(*this)) return;
  tell_channel_ = std::move(tell_channel);
  client_context_.set_authority(peer_->authority);
  stream_ = stub.PrepareCall(&client_context_, kCarrierPath, &reactor_.queue());
  stream_->StartCall(start_.Begin());
  stream_->Read(&received_.buffer(), read_.Begin());
}

bool ClientCarrier::Takes(const Method& method, size_t request_bytes) const {
  return open() && request_bytes <= kLargestRequest && calls_.size() < kMostCalls &&
         calls_to_write_.size() < kMostUnwritten &&
         std::find(large_.begin(), large_.end(), &method) == large_.end();
}

void ClientCarrier::Begin(Carriable& call, const Method& method, const Context& context,
                          absl::Time deadline, bool asks_load, const Bytes& request) {
  call.id_ = ++last_id_;
  call.deadline_ = deadline;
  calls_.try_emplace(call.id_, Waiting{&call, &method});
  if (!writing_.linked()) now_ = reactor_.Now();  // one look at the clock a turn
  calls_to_write_.AddCall(call.id_, method.path, MicrosecondsUntil(deadline, now_), context,
                          asks_load, request);
  reactor_.Last(writing_);
  if (++gathered_ == kCallsAtOnce) Write();
  if (deadline >= watched_) return;
  watched_ = deadline;
  reactor_.Arm(deadline_, deadline);
}

void ClientCarrier::Withdraw(Carriable& call) {
  call.Unlink();
  if (calls_.erase(call.id_) == 0 || ended_) return;
  calls_to_write_.AddCancelled(call.id_);
  reactor_.Last(writing_);
  EndWhenDone();
}

void ClientCarrier::Returned(Operation& operation, bool ok) {
  if (&operation == &read_) {
    if (ok) {
      TakeMessage();
    } else {
      open_ = false;
      stream_->Finish(&status_, finish_.Begin());
    }
  } else if (&operation == &write_ || &operation == &start_) {
    if (!ok) return;  // so does the read end
    Write();
    EndWhenDone();
  } else if (&operation == &finish_) {
    Ended();
  }
}

void ClientCarrier::TakeMessage() {
  open_ = true;
  const Bytes message = std::move(received_);
  const absl::Status read = ReadCarriedAnswers(
      message, [this](ReceivedAnswer& answer) { Take(answer); }, [this] { leaving_ = true; });
  if (!read.ok()) client_context_.TryCancel();
  stream_->Read(&received_.buffer(), read_.Begin());
  EndWhenDone();
}

// One that was withdrawn meanwhile is nobody's.
void ClientCarrier::Take(ReceivedAnswer& answer) {
  const auto found = calls_.find(answer.id);
  if (found == calls_.end()) return;
  const Waiting waiting = found->second;
  calls_.erase(found);
  if (answer.reply.size() > kLargestReply) large_.push_back(waiting.method);
  waiting.call->Answered(answer);
}

void ClientCarrier::Write() {
  if (!may_write() || calls_to_write_.empty()) return;
  sent_ = calls_to_write_.Take();
  last_sent_ = last_id_;
  gathered_ = 0;
  stream_->Write(Sendable(sent_), write_.Begin());
}

void ClientCarrier::EndLate() {
  const absl::Time now = reactor_.Now();
  IntrusiveList<Carriable> late;
  watched_ = absl::InfiniteFuture();
  for (const auto& [id, waiting] : calls_) {
    if (waiting.call->deadline_ <= now) {
      late.PushBack(*waiting.call);
    } else {
      watched_ = std::min(watched_, waiting.call->deadline_);
    }
  }
  if (watched_ != absl::InfiniteFuture()) reactor_.Arm(deadline_, watched_);
  const Held<ClientCarrier> self(this);
  while (Carriable* const call = late.PopFront()) {
    const Method& method = *calls_[call->id_].method;
    Withdraw(*call);
    call->Failed(TooLate(*peer_, method));
  }
}

void ClientCarrier::Leave() {
  tell_channel_ = nullptr;
  leaving_ = true;
  EndWhenDone();
}

void ClientCarrier::EndWhenDone() {
  const bool done = leaving_ && calls_.empty() && calls_to_write_.empty();
  if (!done || !may_write()) return;
  said_all_ = true;
  stream_->WritesDone(write_.Begin());
}

void ClientCarrier::Cancel() {
  cancelled_by_reactor_ = true;
  client_context_.TryCancel();
}

// A callee that ends with OK has answered all that it saw.
void ClientCarrier::Ended() {
  ended_ = true;
  open_ = false;
  Unlink();
  deadline_.Disarm();
  writing_.Forget();
  IntrusiveList<Carriable> unseen;
  IntrusiveList<Carriable> lost;
  for (const auto& [id, waiting] : calls_) {
    const bool seen = !status_.ok() && id <= last_sent_;
    (seen ? lost : unseen).PushBack(*waiting.call);
  }
  const bool stops = cancelled_by_reactor_;
  absl::Status failure =
      stops ? peer_->Stopping() : FromGrpcStatus(status_, peer_->address, kCarrierPath);
  const auto calls = std::exchange(calls_, {});
  while (Carriable* const call = lost.PopFront()) call->Failed(failure);
  while (Carriable* const call = unseen.PopFront()) {
    if (stops) {
      call->Failed(failure);
    } else {
      call->Unseen();
    }
  }
  if (has_channel()) std::exchange(tell_channel_, nullptr)();
}

}  // namespace chains::internal
