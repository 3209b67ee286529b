// What any peer may say of a failure in grpc-status-details-bin: what is made of it keeps its
// bounds, and goes on no larger than we would have said it.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/push_back.h"
#include "chains/contract/status_path.h"

namespace chains {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void Try(std::string_view details) {
  const absl::Status failure = DecodeDetails(absl::ResourceExhaustedError("full"), details);
  Check(failure.code() == absl::StatusCode::kResourceExhausted && failure.message() == "full");
  if (const std::optional<absl::Duration> wait = RetryAfterOf(failure)) {
    Check(*wait <= kLongestPushBack && *wait >= -absl::Seconds(1));
  }
  Check(PathOf(failure).size() <= 17);
  Check(EncodeDetails(failure).size() <= 4096 + 256);
  const absl::Status again = WithRetryAfter(failure, absl::Seconds(2));
  Check(RetryAfterOf(DecodeDetails(failure, EncodeDetails(again))) == absl::Seconds(2));
}

}  // namespace
}  // namespace chains

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
