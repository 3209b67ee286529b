#include "chains/core/gate.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace chains {
namespace {

// When to come again, as long as it is not known how long a stay takes, and at least.
constexpr absl::Duration kUsualWait = absl::Seconds(1);
constexpr absl::Duration kShortestWait = absl::Milliseconds(10);

}  // namespace

Permit::~Permit() {
  if (gate_ != nullptr) gate_->LeavePlace();
}

Gate::Gate(Options options) : options_(std::move(options)), limit_(options_.limit) {
  if (options_.counters != nullptr) options_.counters->ShowLimit(limit_);
}

std::optional<Permit> Gate::TryEnter() {
  if (!TakePlace()) return std::nullopt;
  return Permit(*this);
}

bool Gate::Sooner::operator()(const EnterAwaiter* a, const EnterAwaiter* b) const {
  return std::tie(b->priority_, a->deadline_, a->number_) <
         std::tie(a->priority_, b->deadline_, b->number_);
}

void Gate::SetLimit(size_t limit) {
  limit_ = std::max<size_t>(1, limit);
  if (options_.counters != nullptr) options_.counters->ShowLimit(limit_);
  while (waiting_ > 0 && inside_ < limit_) {
    if (++inside_ > max_inside_) max_inside_ = inside_;
    PassPlaceOn();
  }
}

bool Gate::LetInOnTrial() {
  if (!options_.dry_run) return false;
  Count(inside_ - limit_ < options_.max_waiting ? GateEvent::kWouldWait : GateEvent::kWouldRefuse);
  if (++inside_ > max_inside_) max_inside_ = inside_;
  return true;
}

// A place that becomes free passes to the first in the queue, so that nobody overtakes. Those whose
// time is too short by now are passed over.
void Gate::PassPlaceOn() {
  while (waiting_ > 0 && inside_ <= limit_) {
    EnterAwaiter& next = **queue_.begin();
    TakeOut(next);
    const absl::Duration left = next.deadline_ == absl::InfiniteFuture()
                                    ? absl::InfiniteDuration()
                                    : next.deadline_ - next.loop().Now();
    if (left > typical_stay_) return next.LetIn();
    Count(GateEvent::kTooLate);
    next.Refuse(TooLate(left));
  }
  --inside_;
}

absl::Status Gate::Enqueue(EnterAwaiter& newcomer) {
  newcomer.number_ = came_++;
  absl::Status refusal = Foresee(newcomer);
  if (refusal.ok()) refusal = MakeRoomFor(newcomer);
  if (!refusal.ok()) return refusal;
  // Most come in the order of their deadlines: that takes no search.
  newcomer.place_ = queue_.insert(queue_.end(), &newcomer);
  newcomer.queued_ = true;
  SetWaiting(waiting_ + 1);
  Count(GateEvent::kWaited);
  return absl::OkStatus();
}

absl::Status Gate::Foresee(const EnterAwaiter& newcomer) {
  if (typical_stay_ <= absl::ZeroDuration() || newcomer.deadline_ == absl::InfiniteFuture()) {
    return absl::OkStatus();
  }
  const absl::Duration left = newcomer.deadline_ - newcomer.loop().Now();
  if (left <= typical_stay_) {
    Count(GateEvent::kTooLate);
    return TooLate(left);
  }
  // Where it would be is only known of who would be the last.
  const bool last = waiting_ == 0 || Sooner()(*queue_.rbegin(), &newcomer);
  const absl::Duration wait = WaitBehind(last ? waiting_ : 0);
  if (left > wait + typical_stay_) return absl::OkStatus();
  Count(GateEvent::kTooLate);
  return Refusal(absl::StrCat("its turn would come in ", absl::FormatDuration(wait),
                              ", and it has ", absl::FormatDuration(left), " left; "));
}

absl::Status Gate::MakeRoomFor(const EnterAwaiter& newcomer) {
  if (waiting_ < options_.max_waiting) return absl::OkStatus();
  if (waiting_ == 0 || (*queue_.rbegin())->priority_ >= newcomer.priority_) {
    Count(GateEvent::kFull);
    return Refusal("");
  }
  EnterAwaiter& last = **queue_.rbegin();
  TakeOut(last);
  Count(GateEvent::kDisplaced);
  last.Refuse(
      Refusal(absl::StrCat("a call of priority ", newcomer.priority_,
                           " took its place in the queue, its own is ", last.priority_, "; ")));
  return absl::OkStatus();
}

void Gate::TakeOut(EnterAwaiter& waiter) {
  queue_.erase(waiter.place_);
  waiter.queued_ = false;
  SetWaiting(waiting_ - 1);
}

// By Little's law: `limit_` leave in the time of one stay.
absl::Duration Gate::WaitBehind(size_t ahead) const {
  return typical_stay_ * (static_cast<double>(ahead) / static_cast<double>(limit_));
}

absl::Status Gate::Refusal(std::string why) const {
  absl::Status refusal = absl::ResourceExhaustedError(
      absl::StrCat(options_.what, ": ", why, inside_, " running and ", waiting_, " waiting"));
  if (options_.push_back == nullptr) return refusal;
  const absl::Duration wait = typical_stay_ > absl::ZeroDuration()
                                  ? std::max(kShortestWait, WaitBehind(waiting_ + 1))
                                  : kUsualWait;
  return options_.push_back(std::move(refusal), wait);
}

absl::Status Gate::TooLate(absl::Duration left) const {
  if (left <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("its deadline passed while it waited for its turn");
  }
  return absl::DeadlineExceededError(
      absl::StrCat("it would not finish in time: it has ", absl::FormatDuration(left),
                   " left, and calls take ", absl::FormatDuration(typical_stay_)));
}

std::coroutine_handle<> Gate::EnterAwaiter::await_suspend(std::coroutine_handle<>) {
  priority_ = waiter().context()->priority();
  deadline_ = waiter().context()->deadline();
  absl::Status refusal = gate_.Enqueue(*this);
  if (!refusal.ok()) return waiter().Fail(std::move(refusal));
  Suspended();
  return std::noop_coroutine();
}

void Gate::EnterAwaiter::LetIn() {
  permitted_ = true;
  loop().Ready(*this);
}

void Gate::EnterAwaiter::Refuse(absl::Status why) {
  refusal_ = std::move(why);
  loop().Ready(*this);
}

void Gate::EnterAwaiter::Run() {
  if (refusal_.ok()) {
    Resume();
  } else {
    Fail(std::move(refusal_));
  }
}

void Gate::EnterAwaiter::Withdraw() {
  if (queued_) gate_.TakeOut(*this);
  Forget();
  if (std::exchange(permitted_, false)) gate_.LeavePlace();
}

}  // namespace chains
