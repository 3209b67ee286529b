#include "chains/policy/circuit_channel.h"

#include <utility>

#include "chains/contract/push_back.h"
#include "chains/core/loop.h"
#include "chains/core/text.h"
#include "chains/policy/failure.h"

namespace chains {
namespace {

constexpr size_t kMostOfAFailure = 200;  // bytes

absl::Status TooLate() { return absl::DeadlineExceededError("no answer by the deadline"); }

}  // namespace

// A call's stay behind the circuit. One that is dropped at its deadline has failed.
class CircuitChannel::Stay {
 public:
  Stay(CircuitChannel& circuit, absl::Time deadline, const Loop& loop)
      : circuit_(circuit), deadline_(deadline), loop_(loop) {
    Breaker& breaker = circuit.breaker_;
    const bool closed = breaker.state() == Breaker::State::kClosed;
    entry_ = breaker.Enter(closed ? loop.EarliestNow() : loop.Now());
    if (entry_.pass == Breaker::Pass::kRefused) {
      circuit.counters_.Add(EdgeCounters::kCircuitRefused);
    } else if (entry_.pass == Breaker::Pass::kIgnored) {
      circuit.counters_.Add(EdgeCounters::kCircuitWouldRefuse);
    }
  }
  Stay(const Stay&) = delete;
  ~Stay() {
    if (ended_) return;
    if (deadline_ <= loop_.Now()) {
      circuit_.Ended(entry_, TooLate(), loop_);
    } else {
      circuit_.breaker_.Dropped(entry_);
    }
  }

  const Breaker::Entry& entry() const { return entry_; }
  void Ended(const absl::Status& status) {
    ended_ = true;
    circuit_.Ended(entry_, status, loop_);
  }

 private:
  CircuitChannel& circuit_;
  const absl::Time deadline_;
  const Loop& loop_;
  Breaker::Entry entry_;
  bool ended_ = false;
};

absl::Status CircuitChannel::Refusal(const Breaker::Entry& entry) const {
  const absl::Duration wait = absl::Ceil(entry.wait, absl::Milliseconds(1));
  return WithRetryAfter(
      absl::UnavailableError(Text("the circuit from ", edge_.from, " to ", edge_.to,
                                  " is open, after ", opened_by_,
                                  "; not called, and tried again in ", absl::FormatDuration(wait))),
      wait);
}

void CircuitChannel::Ended(const Breaker::Entry& entry, const absl::Status& status,
                           const Loop& loop) {
  const bool failed = IsCalleesFailure(status.code());
  if (!breaker_.Ended(entry, failed, failed ? loop.Now() : loop.EarliestNow())) return;
  counters_.Add(EdgeCounters::kCircuitOpened);
  const std::string code(ToStd(absl::StatusCodeToString(status.code())));
  opened_by_ = Text(breaker_.failures_in_a_row(), " failures in a row, the last ", code, ": ",
                    MessageOf(status).substr(0, kMostOfAFailure));
}

Task<Bytes> CircuitChannel::Unary(const Method& method, Bytes request) {
  internal::Here::Place here = co_await internal::Here();
  Stay stay(*this, here.context().deadline(), here.loop());
  if (stay.entry().refused()) {
    stay.Ended(absl::OkStatus());
    co_return Refusal(stay.entry());
  }
  absl::StatusOr<Bytes> reply = co_await Outcome(inner_->Unary(method, std::move(request)));
  stay.Ended(reply.status());
  co_return reply;
}

Stream<Bytes> CircuitChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  internal::Here::Place here = co_await internal::Here();
  Stay stay(*this, here.context().deadline(), here.loop());
  if (stay.entry().refused()) {
    stay.Ended(absl::OkStatus());
    co_await Refusal(stay.entry());
  }
  Stream<Bytes> replies = inner_->Streaming(method, std::move(requests));
  while (true) {
    absl::StatusOr<std::optional<Bytes>> reply = co_await Outcome(replies.Next());
    if (!reply.ok() || !reply->has_value()) {
      stay.Ended(reply.status());
      co_await reply.status();
      break;
    }
    co_yield **std::move(reply);
  }
}

}  // namespace chains
