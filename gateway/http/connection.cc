#include "gateway/http/connection.h"

#include "absl/time/time.h"

namespace chains::gateway {

const std::string& Shared::Date() {
  const int64_t second = absl::ToUnixSeconds(loop.Now());
  if (second != date_second) {
    date_second = second;
    date = absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", absl::FromUnixSeconds(second),
                            absl::UTCTimeZone());
  }
  return date;
}

absl::Time Shared::OldAt() {
  constexpr double kGiveOrTake = 0.1;
  if (options.connection_age == absl::InfiniteDuration()) return absl::InfiniteFuture();
  const double share = std::uniform_real_distribution<>(1 - kGiveOrTake, 1 + kGiveOrTake)(random);
  return loop.Now() + options.connection_age * share;
}

}  // namespace chains::gateway
