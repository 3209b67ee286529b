#include "chains/policy/hedging_channel.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/core/receipt.h"
#include "chains/policy/failure.h"

namespace chains {
namespace {

// How often a call asks whether there may be a second attempt, each time after twice as long.
constexpr int kMostQuestions = 10;

}  // namespace

HedgingChannel::HedgingChannel(std::unique_ptr<Channel> inner, const Hedging& settings,
                               AttemptBudget* budget, EdgeCounters& counters)
    : inner_(std::move(inner)),
      ways_(dynamic_cast<internal::WaysChannel*>(inner_.get())),
      settings_(settings),
      extra_(settings.max_extra),
      shared_(budget),
      counters_(counters) {}

// Waits for the first good answer of two attempts, the second of which may never begin.
class HedgingChannel::Race final : public internal::Leaf, private Loop::Timer {
 public:
  Race(HedgingChannel& channel, const Method& method, Bytes request, absl::Duration alone,
       internal::Promise& waiter)
      : Leaf(waiter),
        channel_(channel),
        method_(method),
        request_(std::move(request)),
        alone_(alone),
        first_(*this),
        second_(*this) {}
  Race(const Race&) = delete;

  // What a coroutine awaits.
  class [[nodiscard]] Begun {
   public:
    Begun(HedgingChannel& channel, const Method& method, Bytes& request, absl::Duration alone)
        : channel_(channel), method_(method), request_(request), alone_(alone) {}
    Race Bind(internal::Promise& waiter) && {
      return Race(channel_, method_, std::move(request_), alone_, waiter);
    }

   private:
    HedgingChannel& channel_;
    const Method& method_;
    Bytes& request_;
    const absl::Duration alone_;
  };

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) {
    loop().Arm(*this, loop().Now() + alone_);
    Suspended();
    first_.task.emplace(channel_.Attempt(first_.choice, method_, request_.Share()));
    return first_.task->Start(&waiter(), *waiter().context(), loop(), first_);
  }
  // The slower one goes before the caller goes on.
  absl::StatusOr<Bytes> await_resume() {
    Runner& loser = &first_ == winner_ ? second_ : first_;
    absl::StatusOr<Bytes> outcome = winner_->task->Take();
    const bool second_won = winner_ == &second_ && outcome.ok();
    loser.choice.lost = second_won;
    loser.task.reset();
    winner_->task.reset();
    if (second_won) channel_.counters_.Add(EdgeCounters::kHedgesWon);
    return outcome;
  }

 private:
  // One attempt. Its task goes before what that looks at.
  struct Runner final : internal::Continuation {
    explicit Runner(Race& of) : race(of) {}
    std::coroutine_handle<> Done(const absl::Status& status) noexcept override {
      done = true;
      return race.Ended(*this, status);
    }
    Race& race;
    bool done = false;
    internal::WayChoice choice;
    std::optional<Task<Bytes>> task;
  };

  // While the other may still do better, one that failed at its replica does not count.
  std::coroutine_handle<> Ended(Runner& runner, const absl::Status& status) noexcept {
    Runner& other = &runner == &first_ ? second_ : first_;
    const bool other_runs = other.task.has_value() && !other.done;
    if (other_runs && IsCalleesFailure(status.code())) return std::noop_coroutine();
    winner_ = &runner;
    Disarm();
    Unlink();
    return waiter().handle();
  }
  void Abandon() noexcept override { Disarm(); }
  void Fire() override {
    if (first_.done || !channel_.HasAnotherWay()) return;
    if (!Pay()) return AskAgain();
    further_ = waiter().context()->AsFurtherAttempt();
    if (further_.record() != nullptr) further_ = further_.WithRecord(RecordBeside());
    second_.choice.not_this = first_.choice.taken;
    second_.task.emplace(channel_.Attempt(second_.choice, method_, std::move(request_)));
    second_.task->Start(&waiter(), further_, loop(), second_).resume();
  }

  bool Pay() {
    using Need = HedgeBudget::Need;
    if (channel_.PayForHedge(questions_ == 0 ? Need::kLate : Need::kStuck)) return true;
    // However often it asks, it is one call that has no second attempt.
    if (questions_ == 0) channel_.counters_.Add(EdgeCounters::kHedgesRefused);
    return false;
  }
  // It has waited for alone_, twice that, four times…
  void AskAgain() {
    if (++questions_ == kMostQuestions) return;
    loop().Arm(*this, loop().Now() + alone_ * (1 << (questions_ - 1)));
  }

  // Of a receipt the first attempt alone is part: two at a time have no place in it. In a trace
  // both have.
  std::shared_ptr<internal::CallRecord> RecordBeside() {
    const std::shared_ptr<internal::CallRecord>& first = further_.record();
    if (&first->receipt().loop() != &loop()) return nullptr;
    const absl::Time now = loop().Now();
    first->Note(now, "hedge");
    internal::CallRecord* const second = first->AddBeside(now);
    if (second == nullptr) return nullptr;
    return std::shared_ptr<internal::CallRecord>(first, second);
  }

  HedgingChannel& channel_;
  const Method& method_;
  Bytes request_;
  const absl::Duration alone_;
  int questions_ = 0;  // that were answered with no
  Context further_;
  Runner first_;
  Runner second_;
  Runner* winner_ = nullptr;
};

HedgingChannel::Usual& HedgingChannel::UsualOf(const Method& method) {
  for (Usual& each : usual_) {
    if (each.method == &method) return each;
  }
  return usual_.emplace_back(method, settings_.percentile);
}

absl::Duration HedgingChannel::Alone(const Method& method) {
  LivePercentile& took = UsualOf(method).took;
  if (took.samples() < kEnoughCalls) return absl::InfiniteDuration();
  return std::max(settings_.at_least, took.value());
}

Task<Bytes> HedgingChannel::Attempt(internal::WayChoice& choice, const Method& method,
                                    Bytes request) {
  if (ways_ != nullptr) return ways_->UnaryBy(choice, method, std::move(request));
  return inner_->Unary(method, std::move(request));
}

// A second attempt at the same replica would only be more load there.
bool HedgingChannel::HasAnotherWay() const { return ways_ == nullptr || ways_->ways() >= 2; }

bool HedgingChannel::PayForHedge(HedgeBudget::Need need) {
  if (!extra_.TryTake(need)) return false;
  if (shared_ != nullptr && !shared_->TryTake()) {
    extra_.GiveBack();
    return false;
  }
  counters_.Add(EdgeCounters::kHedges);
  return true;
}

Task<Bytes> HedgingChannel::Unary(const Method& method, Bytes request) {
  if (!method.idempotent) return inner_->Unary(method, std::move(request));
  return Hedged(method, std::move(request));
}

Task<Bytes> HedgingChannel::Hedged(const Method& method, Bytes request) {
  internal::Here::Place here = co_await internal::Here();
  if (here.context().further_attempt()) {
    extra_.Inherited();
    co_return co_await Outcome(inner_->Unary(method, std::move(request)));
  }
  const absl::Time began = here.loop().Now();
  const absl::Duration alone = Alone(method);
  absl::StatusOr<Bytes> reply = Bytes();
  if (alone == absl::InfiniteDuration()) {
    reply = co_await Outcome(inner_->Unary(method, std::move(request)));
  } else {
    reply = co_await Race::Begun(*this, method, request, alone);
  }
  if (reply.ok()) {
    UsualOf(method).took.Add(here.loop().Now() - began);
    extra_.Answered();
  }
  co_return reply;
}

Stream<Bytes> HedgingChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  return inner_->Streaming(method, std::move(requests));
}

}  // namespace chains
