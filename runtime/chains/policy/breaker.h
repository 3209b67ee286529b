// Breaker: decides whether an edge's calls go out at all, from how the last ones ended. What a
// CircuitChannel asks; a state machine without clock or I/O.
//
//   closed ──failures──▶ open ──open_for──▶ half-open ──all probes well──▶ closed
//                          ▲                    │
//                          └────a probe fails───┘   for twice as long, up to 8 × open_for
//
//   Breaker::Entry entry = breaker.Enter(now);
//   if (entry.refused()) return Refusal(entry.wait);
//   …the call…
//   breaker.Ended(entry, failed, now);
#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"
#include "chains/policy/settings.h"

namespace chains {

// For one loop's coroutines. Times never need to be exact, but do not run backwards by much.
class Breaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };
  enum class Pass : uint8_t {
    kUsual,    // the circuit is closed
    kProbe,    // half-open: the call's end decides
    kRefused,  // do not make the call
    kIgnored,  // a dry run: would have been refused; its end says nothing
  };
  struct Entry {
    Pass pass = Pass::kUsual;
    uint32_t period = 0;                         // what the circuit was then
    absl::Duration wait = absl::ZeroDuration();  // kRefused, kIgnored: before it may be otherwise
    bool refused() const { return pass == Pass::kRefused; }
  };

  explicit Breaker(const Circuit& settings);

  // Before a call. A closed circuit does not look at the time.
  Entry Enter(absl::Time now) {
    if (state_ == State::kClosed) [[likely]]
      return {.pass = Pass::kUsual, .period = period_};
    return EnterNotClosed(now);
  }
  // How it ended. True: this opened the circuit. Ends of calls that began before it last changed
  // are ignored.
  bool Ended(const Entry& entry, bool failed, absl::Time now);
  // It was dropped, and nothing can be said of it: another probe may go.
  void Dropped(const Entry& entry);

  State state() const { return state_; }
  // When a circuit that is open lets probes through.
  absl::Time open_until() const { return open_until_; }
  // For messages: of the calls that opened it.
  int failures_in_a_row() const { return in_a_row_; }

 private:
  // Calls of a tenth of the window.
  struct Slot {
    uint32_t calls = 0;
    uint32_t failures = 0;
  };
  static constexpr size_t kSlots = 10;

  Entry EnterNotClosed(absl::Time now);
  bool EndedUsual(bool failed, absl::Time now);
  bool EndedProbe(bool failed, absl::Time now);
  void Turn(absl::Time now);
  bool TooManyFailures() const;
  void Open(absl::Time now);
  void Close();
  void Change(State state);

  const Circuit settings_;
  State state_ = State::kClosed;
  uint32_t period_ = 0;  // counts the changes of state_
  int in_a_row_ = 0;
  std::array<Slot, kSlots> slots_{};
  Slot sum_;
  size_t slot_ = 0;
  absl::Time slot_ends_ = absl::InfinitePast();
  absl::Duration open_for_;
  absl::Time open_until_ = absl::InfinitePast();
  int probing_ = 0;
  int probed_well_ = 0;
};

}  // namespace chains
