#include "chains/contract/push_back.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/cord.h"
#include "chains/v1/error.pb.h"

namespace chains {
namespace {

constexpr absl::Duration kNever = absl::Seconds(-1);
constexpr int32_t kNanosPerSecond = 1'000'000'000;

}  // namespace

absl::Status WithRetryAfter(absl::Status failure, absl::Duration wait) {
  absl::Duration rest = wait < absl::ZeroDuration() ? kNever : std::min(wait, kLongestPushBack);
  v1::RetryInfo info;
  google::protobuf::Duration& delay = *info.mutable_retry_delay();
  delay.set_seconds(absl::IDivDuration(rest, absl::Seconds(1), &rest));
  delay.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  failure.SetPayload(kPushBackType, absl::Cord(info.SerializeAsString()));
  return failure;
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& failure) {
  const absl::optional<absl::Cord> payload = failure.GetPayload(kPushBackType);
  v1::RetryInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload)) || !info.has_retry_delay()) {
    return std::nullopt;
  }
  const int64_t seconds = info.retry_delay().seconds();
  const int32_t nanos = info.retry_delay().nanos();
  if (nanos <= -kNanosPerSecond || nanos >= kNanosPerSecond) return std::nullopt;
  // absl's arithmetic saturates.
  const absl::Duration wait = absl::Seconds(seconds) + absl::Nanoseconds(nanos);
  return wait < absl::ZeroDuration() ? kNever : std::min(wait, kLongestPushBack);
}

}  // namespace chains
