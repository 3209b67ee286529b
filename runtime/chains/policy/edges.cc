#include "chains/policy/edges.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "chains/contract/status_path.h"

namespace chains {
namespace {

// absl::StrCat takes no std::string_view where absl's own is another type.
absl::string_view Text(std::string_view text) { return {text.data(), text.size()}; }

std::string LimitText(const CalleeEdge::Options& options) {
  return absl::StrCat(options.chainlet, " is full (concurrency_limit ", options.concurrency_limit,
                      ", max_queued ", options.max_queued,
                      "; chains::Limits of this chainlet raises them)");
}

size_t AtLeastOne(int limit) { return static_cast<size_t>(std::max(1, limit)); }

}  // namespace

CallerEdge::CallerEdge(Options options)
    : options_(std::move(options)),
      gate_(Gate::Options{.what = options_.callee, .limit = AtLeastOne(options_.max_in_flight)}) {}

absl::StatusOr<Context> CallerEdge::Enter(const Method&, const Context& caller, absl::Time now) {
  return caller.WithDeadline(now + options_.timeout);
}

bool CallerEdge::LastAttempt(const Method& method, int attempts_made) {
  return !method.idempotent || attempts_made >= options_.attempts;
}

std::optional<absl::Duration> CallerEdge::RetryAfter(const Method& method,
                                                     const absl::Status& failure,
                                                     int attempts_made) {
  if (failure.code() != absl::StatusCode::kUnavailable || LastAttempt(method, attempts_made)) {
    return std::nullopt;
  }
  const int doublings = std::min(attempts_made - 1, 20);
  return std::min(options_.max_backoff, options_.first_backoff * (1 << doublings));
}

// The callee named itself when it answered; where it did not, this end says whom it called.
absl::Status CallerEdge::Describe(const Method& method, const absl::Status& failure,
                                  int attempts_made) {
  std::vector<Hop> path = PathOf(failure);
  const int attempt = attempts_made > 1 ? attempts_made : 0;
  if (!path.empty() && path.front().chainlet == method.chainlet) {
    if (attempt == 0) return failure;
    path.front().attempt = attempt;
    return WithPath(failure, path);
  }
  return WithHop(failure, {.chainlet = std::string(method.chainlet),
                           .method = std::string(method.name),
                           .replica = "",
                           .attempt = attempt});
}

CalleeEdge::CalleeEdge(Options options, Counters& counters)
    : options_(std::move(options)),
      counters_(counters),
      gate_(Gate::Options{.what = LimitText(options_),
                          .limit = AtLeastOne(options_.concurrency_limit),
                          .max_waiting = static_cast<size_t>(std::max(0, options_.max_queued))}) {}

absl::StatusOr<Context> CalleeEdge::Enter(const Method& method, const Context& caller,
                                          absl::Time now) {
  if (caller.deadline() <= now) {
    return absl::DeadlineExceededError(absl::StrCat(Text(method.chainlet), ".", Text(method.name),
                                                    " was called after its deadline"));
  }
  return caller;
}

MethodCounters& CalleeEdge::Of(const Method& method) {
  MethodCounters*& counters = by_method_[&method];
  if (counters == nullptr) counters = &counters_.Of(method);
  return *counters;
}

void CalleeEdge::Started(const Method& method) { Of(method).Started(); }
void CalleeEdge::Ended(const Method& method, absl::StatusCode code) { Of(method).Ended(code); }

absl::Status CalleeEdge::Describe(const Method& method, const absl::Status& failure, int) {
  return WithHop(failure, {.chainlet = std::string(method.chainlet),
                           .method = std::string(method.name),
                           .replica = options_.replica});
}

}  // namespace chains
