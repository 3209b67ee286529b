#include "chains/core/gate.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace chains {
namespace {

// When to come again, as long as it is not known how long a stay takes, and at least.
constexpr absl::Duration kUsualWait = absl::Seconds(1);
constexpr absl::Duration kShortestWait = absl::Milliseconds(10);

absl::Status TooLate(absl::Duration left, absl::Duration stay) {
  if (left <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("its deadline passed while it waited for its turn");
  }
  return absl::DeadlineExceededError(
      absl::StrCat("it would not finish in time: it has ", absl::FormatDuration(left),
                   " left, and calls take ", absl::FormatDuration(stay)));
}

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
    ++inside_;
    PassPlaceOn();
  }
}

bool Gate::LetInOnTrial(const Loop& loop) {
  if (inside_ >= options_.let_in_anyway || waiting_ > 0) return false;
  if (inside_ == limit_) {
    turn_over_.Begins(loop.Now());
  } else if (options_.learns) {
    Learn(loop.Now());
  }
  Count(inside_ - limit_ < options_.max_waiting ? GateEvent::kWouldWait : GateEvent::kWouldRefuse);
  ++inside_;
  return true;
}

void Gate::OneLeft() {
  if (!options_.learns) return PassPlaceOn();
  const absl::Time now = (*queue_.begin())->loop().Now();
  PassPlaceOn();
  Learn(now);
}

void Gate::Learn(absl::Time now) {
  const std::optional<Turn> turn = turn_over_.Left(inside_, now);
  if (turn && options_.adapt != nullptr) SetLimit(options_.adapt(*turn));
}

// A place that becomes free passes to the first in the queue, so that nobody overtakes. Those whose
// time is too short by now are passed over.
void Gate::PassPlaceOn() {
  while (waiting_ > 0 && inside_ <= std::max(limit_, options_.let_in_anyway)) {
    EnterAwaiter& next = **queue_.begin();
    TakeOut(next);
    if (next.deadline_ == absl::InfiniteFuture()) return LetIn(next);
    const absl::Time now = next.loop().Now();
    if (next.deadline_ - now > TypicalStay(now)) return LetIn(next);
    Count(GateEvent::kTooLate);
    next.Refuse(TooLate(next.deadline_ - now, TypicalStay(now)));
  }
  --inside_;
}

void Gate::LetIn(EnterAwaiter& next) {
  if (inside_ > limit_) Count(GateEvent::kWouldWait);  // and waited for the end of the trial's room
  if (options_.counters != nullptr) options_.counters->Waited(next.loop().Now() - next.since_);
  next.LetIn();
}

absl::Status Gate::Enqueue(EnterAwaiter& newcomer) {
  const absl::Time now = newcomer.loop().Now();
  newcomer.number_ = came_++;
  newcomer.since_ = now;
  absl::Status refusal = Foresee(newcomer, now);
  if (refusal.ok()) refusal = MakeRoomFor(newcomer, now);
  if (!refusal.ok()) return refusal;
  // Most come in the order of their deadlines: that takes no search.
  newcomer.place_ = queue_.insert(queue_.end(), &newcomer);
  newcomer.queued_ = true;
  if (waiting_ == 0) turn_over_.Begins(now);
  SetWaiting(waiting_ + 1);
  Count(GateEvent::kWaited);
  return absl::OkStatus();
}

absl::Status Gate::Foresee(const EnterAwaiter& newcomer, absl::Time now) {
  const absl::Duration stay = TypicalStay(now);
  if (stay <= absl::ZeroDuration() || newcomer.deadline_ == absl::InfiniteFuture()) {
    return absl::OkStatus();
  }
  const absl::Duration left = newcomer.deadline_ - now;
  // Where it would be is only known of who would be the last.
  const bool last = waiting_ == 0 || Sooner()(*queue_.rbegin(), &newcomer);
  const absl::Duration wait = WaitBehind(last ? waiting_ : 0, stay);
  if (left > wait + stay) return absl::OkStatus();
  Count(GateEvent::kTooLate);
  if (left <= stay) return TooLate(left, stay);
  return Refusal(absl::StrCat("its turn would come in ", absl::FormatDuration(wait),
                              ", calls take ", absl::FormatDuration(stay), ", and it has ",
                              absl::FormatDuration(left), " left; "),
                 now);
}

absl::Status Gate::MakeRoomFor(const EnterAwaiter& newcomer, absl::Time now) {
  if (waiting_ < options_.max_waiting) return absl::OkStatus();
  if (waiting_ == 0 || (*queue_.rbegin())->priority_ >= newcomer.priority_) {
    Count(GateEvent::kFull);
    return Refusal("", now);
  }
  EnterAwaiter& last = **queue_.rbegin();
  TakeOut(last);
  Count(GateEvent::kDisplaced);
  last.Refuse(
      Refusal(absl::StrCat("a call of priority ", newcomer.priority_,
                           " took its place in the queue, its own is ", last.priority_, "; "),
              now));
  return absl::OkStatus();
}

void Gate::TakeOut(EnterAwaiter& waiter) {
  queue_.erase(waiter.place_);
  waiter.queued_ = false;
  SetWaiting(waiting_ - 1);
}

// By Little's law: `limit_` leave in the time of one stay.
absl::Duration Gate::WaitBehind(size_t ahead, absl::Duration stay) const {
  return stay * (static_cast<double>(ahead) / static_cast<double>(limit_));
}

absl::Status Gate::Refusal(std::string why, absl::Time now) const {
  absl::Status refusal = absl::ResourceExhaustedError(
      absl::StrCat(options_.what, ": ", why, inside_, " running and ", waiting_, " waiting"));
  if (options_.push_back == nullptr) return refusal;
  const absl::Duration stay = TypicalStay(now);
  const absl::Duration wait = stay > absl::ZeroDuration()
                                  ? std::max(kShortestWait, WaitBehind(waiting_ + 1, stay))
                                  : kUsualWait;
  return options_.push_back(std::move(refusal), wait);
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
