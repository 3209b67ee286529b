#include "chains/policy/retry_rule.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "chains/contract/push_back.h"
#include "chains/contract/status_path.h"

namespace chains {
namespace {

constexpr int kMostDoubled = 20;

}  // namespace

RetryRule::RetryRule(Options options, AttemptBudget& budget)
    : options_(std::move(options)), budget_(budget), engine_(std::random_device{}()) {}

std::optional<absl::Duration> RetryRule::After(const absl::Status& failure, int attempts_made) {
  if (failure.code() != absl::StatusCode::kUnavailable || attempts_made >= options_.attempts) {
    return std::nullopt;
  }
  const std::optional<absl::Duration> push_back = RetryAfterOf(failure);
  if (!MayHeal(failure, push_back) || !budget_.TryTake()) return std::nullopt;
  return push_back.value_or(absl::ZeroDuration()) + Backoff(attempts_made);
}

// A path of two calls or more: somebody nearer to the failure decided about it already.
bool RetryRule::MayHeal(const absl::Status& failure,
                        std::optional<absl::Duration> push_back) const {
  if (push_back && *push_back < absl::ZeroDuration()) return false;
  const size_t longest_path = options_.answers_too || push_back ? 1 : 0;
  return PathOf(failure).size() <= longest_path;
}

absl::Duration RetryRule::Backoff(int attempts_made) {
  const int doublings = std::clamp(attempts_made - 1, 0, kMostDoubled);
  const absl::Duration cap =
      std::min(options_.max_backoff, options_.first_backoff * (1 << doublings));
  const double part =
      options_.random != nullptr ? options_.random() : std::generate_canonical<double, 32>(engine_);
  return cap * part;
}

}  // namespace chains
