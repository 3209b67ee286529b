// Http2Budget: how much a client may ask of an HTTP/2 connection that moves no request on.
//
// Frames that cost nothing to send cost something to answer: pings, settings, priorities, empty
// frames, streams that are opened and reset at once (CVE-2023-44487, CVE-2019-9512 to 9518). Each
// kind spends from a budget that fills again with time; what a client needs in the course of work
// is a small part of it.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace chains::gateway {

// Pure: time is told.
class Http2Budget {
 public:
  struct Options {
    double burst;       // what may be spent at once
    double per_second;  // what comes back
  };
  explicit Http2Budget(Options options) : options_(options), left_(options.burst) {}

  void Tick(absl::Time now) {
    if (now > ticked_ && ticked_ != absl::InfinitePast()) {
      Earn(absl::ToDoubleSeconds(now - ticked_) * options_.per_second);
    }
    ticked_ = std::max(ticked_, now);
  }
  void Earn(double amount) { left_ = std::min(options_.burst, left_ + amount); }
  // False: that was too much.
  [[nodiscard]] bool Spend(double amount) {
    left_ -= amount;
    return left_ >= 0;
  }

 private:
  const Options options_;
  double left_;
  absl::Time ticked_ = absl::InfinitePast();
};

}  // namespace chains::gateway
