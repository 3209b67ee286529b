// TurnOver: how long a stay at a full place takes, without a clock at any stay.
//
// While somebody waits the place is full, and when as many have left as it holds, that took as long
// as one stay (Little's law). So calls that need not wait pay nothing, and there is a measure as
// soon as there is a queue.
//
//   turn.Begins(now);                  // the first begins to wait
//   turn.Left(/*inside=*/4, now);      // … one leaves, another comes in
//   turn.Stay(now);                    // zero: not known
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/time/time.h"

namespace chains {

// As many left as were inside.
struct Turn {
  absl::Duration stay;  // of each of them, on average
  size_t left = 0;      // how many
  absl::Time ended;
};

class TurnOver {
 public:
  // Nobody knows better for the time being than who tells it.
  void Tell(absl::Duration stay) {
    stay_ = stay;
    until_ = absl::InfiniteFuture();
  }
  void Begins(absl::Time now) {
    began_ = now;
    left_ = 0;
  }
  // One of `inside` left, and the place is full again; the turn that it ended, if it did.
  std::optional<Turn> Left(size_t inside, absl::Time now) {
    if (++left_ < inside) return std::nullopt;
    const Turn turn = {.stay = now - began_, .left = left_, .ended = now};
    stay_ =
        Stay(now) > absl::ZeroDuration() ? stay_ + (turn.stay - stay_) / kShareOfNewest : turn.stay;
    until_ = now + std::max(kShortestValid, kStaysValid * stay_);
    Begins(now);
    return turn;
  }
  // Smoothed. It is forgotten some time after the last turn: a place that was slow once may be fast
  // by now, and nobody would wait to find out.
  absl::Duration Stay(absl::Time now) const { return now <= until_ ? stay_ : absl::ZeroDuration(); }

 private:
  static constexpr int kShareOfNewest = 4;
  static constexpr int kStaysValid = 4;
  static constexpr absl::Duration kShortestValid = absl::Seconds(1);

  absl::Time began_;
  size_t left_ = 0;
  absl::Duration stay_;
  absl::Time until_ = absl::InfinitePast();
};

}  // namespace chains
