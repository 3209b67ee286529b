// RecentPeak: the highest number of the last so many seconds.
//
//   RecentPeak peak(absl::Seconds(900), 4, now);      // it was 4 until now
//   peak.Note(now + absl::Seconds(1), 2);
//   peak.Highest();                                   // 4, for 900 s yet
//
// A number stands until the next is noted. Keeps at most 256 numbers: should more be needed, the
// oldest stay a little too long, never too short. Time that goes backwards stands still.
#pragma once

#include <cstddef>
#include <deque>

#include "absl/time/time.h"

namespace chains::deploy {

class RecentPeak {
 public:
  static constexpr size_t kMostNumbers = 256;

  RecentPeak(absl::Duration span, int number, absl::Time now);

  void Note(absl::Time now, int number);
  // As of when a number was noted last.
  int Highest() const { return numbers_.front().number; }

 private:
  struct Number {
    absl::Time until;
    int number;
  };

  absl::Duration span_;
  std::deque<Number> numbers_;  // falling; never empty; the last is the latest
};

}  // namespace chains::deploy
