#include "chains/policy/token_bucket.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains {
namespace {

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr Unit kUnits[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}};

}  // namespace

void TokenBucket::Refill(absl::Time now) {
  if (now > filled_ && filled_ != absl::InfinitePast()) {
    const double more = absl::ToDoubleSeconds(now - filled_) * options_.per_second;
    tokens_ = std::min(options_.burst, tokens_ + more);
  }
  filled_ = now;
}

bool TokenBucket::Take(absl::Time now) {
  Refill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

absl::Duration TokenBucket::Wait(absl::Time now) {
  Refill(now);
  if (tokens_ >= 1) return absl::ZeroDuration();
  // A little more, so that who waits so long finds a whole one.
  return absl::Seconds((1 - tokens_) / options_.per_second) + absl::Microseconds(1);
}

int TokenBucket::Left(absl::Time now) {
  Refill(now);
  return static_cast<int>(tokens_);
}

absl::Duration TokenBucket::UntilFull(absl::Time now) {
  Refill(now);
  return absl::Seconds((options_.burst - tokens_) / options_.per_second);
}

absl::StatusOr<double> ParseRate(std::string_view text) {
  std::string_view number = text;
  double seconds = 1;
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    number.remove_suffix(unit.name.size());
    seconds = unit.seconds;
  }
  double count = 0;
  const bool is_number = absl::SimpleAtod(ToAbsl(number), &count) && std::isfinite(count);
  if (is_number && count > 0 && count / seconds <= kMostPerSecond) return count / seconds;
  return absl::InvalidArgumentError(
      Text("'", text, "' is no rate; 50/s, 100/m and 3000/h are, up to 1000000/s"));
}

std::string RateText(double per_second) {
  for (const Unit& unit : kUnits) {
    if (per_second * unit.seconds >= 1) return Text(per_second * unit.seconds, unit.name);
  }
  return Text(per_second * 3600, "/h");
}

}  // namespace chains
