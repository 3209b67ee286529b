// Passage: what a call goes through on its way to a chainlet: its deadline, a limit, counts.
// Implementation detail of Task and of the adapters in contract/; an Edge makes them.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/call_measures.h"
#include "chains/core/context.h"
#include "chains/core/gate.h"
#include "chains/core/method_counters.h"
#include "chains/core/recording.h"
#include "chains/core/typical_time.h"

namespace chains {

namespace internal {

// For the calls of one method, on one loop; it outlives them. There are two ways through. Most
// calls take the first, which needs no coroutine of its own: TryEnter(), and Leave() when they end.
// What that refuses takes the second: Enter(), a place at the gate(), Started() and Ended() for
// each attempt.
class Passage {
 public:
  virtual ~Passage() = default;

  // Lets a call in when nothing is in its way: it needs no deadline but its caller's, and there is
  // a place for it. False says nothing but that it takes the other way. `earliest_now` is the
  // loop's EarliestNow().
  bool TryEnter(const Context& caller, absl::Time earliest_now) {
    return plain_.gate != nullptr ? TryEnterPlainly(caller.deadline(), earliest_now)
                                  : TryEnterByItself(caller, earliest_now);
  }
  // The same in two steps, for a call with the time and the deadline of one that TryEnter() let in,
  // as most calls of one request are: whether it is such a call and there is a place, and to enter.
  bool MayEnterAsBefore(absl::Time deadline, absl::Time earliest_now) const {
    return WasLetIn(deadline, earliest_now) && plain_.gate->has_place();
  }
  [[gnu::always_inline]] void EnterAsBefore() {
    plain_.gate->EnterPlace();
    if (plain_.counters != nullptr) plain_.counters->Started();
  }
  // How a call ended that was let in so; a dropped one ends CANCELLED.
  void Leave(absl::StatusCode code) {
    if (plain_.measures != nullptr) plain_.measures->Ended(code);
    EndAttempt(code);
  }
  // The same in two steps, for one that ended well: whether nobody waits for its place, and to
  // leave.
  bool MayLeaveAtOnce() const { return plain_.gate != nullptr && plain_.gate->waiting() == 0; }
  [[gnu::always_inline]] void LeaveAtOnce() {
    if (plain_.measures != nullptr) plain_.measures->Ended(absl::StatusCode::kOk);
    if (plain_.counters != nullptr) plain_.counters->Ended(absl::StatusCode::kOk);
    plain_.gate->GiveUpPlace();
  }
  // The same where the call goes on with further attempts, or is measured by who made it.
  void EndAttempt(absl::StatusCode code) {
    if (plain_.gate == nullptr) return LeaveByItself(code);
    if (plain_.counters != nullptr) plain_.counters->Ended(code);
    plain_.gate->LeavePlace();
  }

  // The Context for the callee: the caller's, perhaps with an earlier deadline; or why the call is
  // refused at once.
  virtual absl::StatusOr<Context> Enter(const Context& caller, absl::Time now) = 0;
  // Where calls wait for a place; null when there is no limit.
  virtual Gate* gate() = 0;
  // An attempt begins: it has its place. Every Started() is followed by one Ended().
  virtual void Started() = 0;
  // Whether Took() is to be told how long attempts take that went the long way.
  bool timed() const { return plain_.typical != nullptr; }
  // So long an attempt took, from Started() to Ended(), which comes next.
  virtual void Took(absl::Duration, absl::StatusCode) {}
  // Who measures calls that go the long way; null: nobody.
  CallMeasures* measures() const { return plain_.measures; }
  // How an attempt ended; a dropped one ends CANCELLED.
  virtual void Ended(absl::StatusCode code) = 0;

  // Whether a unary call that was attempted so often gets no further attempt.
  virtual bool LastAttempt(int attempts_made) const = 0;
  // LastAttempt(1).
  bool AttemptedOnce() const {
    return plain_.gate != nullptr ? plain_.attempted_once : LastAttempt(1);
  }
  // How long to wait before the next attempt, when this failure is to be retried.
  virtual std::optional<absl::Duration> RetryAfter(const absl::Status& failure,
                                                   int attempts_made) = 0;

  // The failure as the caller sees it: with this hop in its path. `attempts_made` is 0 when the
  // call was refused before its first.
  virtual absl::Status Describe(const absl::Status& failure, int attempts_made) = 0;

  // Which end of which call this is, for receipts.
  virtual CallPlace place() const { return {}; }

 protected:
  // What all passages are but those of tests, as data: a call through both ends of an edge takes
  // 60 ns, and four virtual calls would be 6 of them.
  struct Plain {
    Gate* gate = nullptr;  // null: TryEnterByItself() and LeaveByItself() decide
    MethodCounters* counters = nullptr;
    // A deadline later than this from now is not the caller's alone to enforce.
    absl::Duration reach = absl::InfiniteDuration();
    bool attempted_once = true;
    // Whose calls have less time left than this takes go the long way, and so do those that it
    // wants to be timed. Null: nothing is learned. For this passage's calls only.
    TypicalTime* typical = nullptr;
    // Told of all calls; those that it wants to be timed go the long way. May be null.
    CallMeasures* measures = nullptr;
  };
  Passage() : plain_() {}
  explicit Passage(Plain plain) : plain_(plain) {}

 private:
  virtual bool TryEnterByItself(const Context&, absl::Time) { return false; }
  virtual void LeaveByItself(absl::StatusCode) {}
  bool TryEnterPlainly(absl::Time deadline, absl::Time earliest_now) {
    if (!WasLetIn(deadline, earliest_now) && !MayComeNow(deadline, earliest_now)) return false;
    if (!plain_.gate->has_place()) return false;
    EnterAsBefore();
    return true;
  }
  // Where it was, there is a gate.
  bool WasLetIn(absl::Time deadline, absl::Time now) const {
    return deadline == deadline_ && now == now_;
  }
  // Whether a call with this deadline may take the first way.
  bool MayComeNow(absl::Time deadline, absl::Time now);
  // The first call of this time: says the same of it, deadline aside.
  bool BeginAt(absl::Time now);

  // No call's: before any clock began.
  static constexpr absl::Time kNoDeadline = absl::FromUnixSeconds(-1);

  const Plain plain_;
  absl::Time now_;                     // of the last call
  absl::Time deadline_ = kNoDeadline;  // of one that was let in then
  absl::Time latest_;                  // the deadline that is still its caller's
  absl::Time soonest_;                 // the deadline that is surely too early
};

}  // namespace internal
}  // namespace chains
