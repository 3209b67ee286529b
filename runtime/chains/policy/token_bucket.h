// TokenBucket: so many a second on average, and at most a burst of them at once.
//
//   TokenBucket bucket({.per_second = 50, .burst = 100});
//   if (!bucket.Take(loop.Now())) return "come again in", bucket.Wait(loop.Now());
//
// Pure: time is what it is told. Nothing is counted ahead, so a clock that goes back costs nobody.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chains {

// For one thread.
class TokenBucket {
 public:
  struct Options {
    double per_second = 0;  // above 0
    double burst = 1;       // at least 1
  };
  explicit TokenBucket(Options options) : options_(options), tokens_(options.burst) {}

  // Takes one when there is one.
  bool Take(absl::Time now);
  // Until there is one; zero: there is.
  absl::Duration Wait(absl::Time now);
  // How many there are, without parts of one.
  int Left(absl::Time now);
  // Until it is full.
  absl::Duration UntilFull(absl::Time now);

  const Options& options() const { return options_; }

 private:
  void Refill(absl::Time now);

  const Options options_;
  double tokens_;
  absl::Time filled_ = absl::InfinitePast();
};

// "50/s", "100/m", "3000/h", or a number a second, as a number a second. INVALID_ARGUMENT says what
// is possible: above 0, at most kMostPerSecond.
inline constexpr double kMostPerSecond = 1e6;
absl::StatusOr<double> ParseRate(std::string_view text);
// "50/s", "30/m": by the shortest unit of which it is at least 1.
std::string RateText(double per_second);

}  // namespace chains
