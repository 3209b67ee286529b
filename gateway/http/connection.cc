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

}  // namespace chains::gateway
