#include "chains/policy/caller_edge.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "chains/contract/status_path.h"

namespace chains {
namespace {

// A call whose caller's deadline comes at most this part of its timeout later than its own has no
// deadline of its own. Requests and calls have the same timeout where nobody says otherwise, and a
// request's first calls begin a moment after it.
constexpr int kNotWorthATimer = 64;

size_t AtLeastOne(int limit) { return static_cast<size_t>(std::max(1, limit)); }

// Whether the budget needs to know what is answered.
bool Counts(const CallerEdge::Options& options) {
  return options.attempts > 1 || options.budget_is_shared;
}

CallMeasures* MeasuresOf(const CallerEdge::Options& options, const Method& method) {
  return options.measures == nullptr ? nullptr : options.measures(method);
}

RetryRule::Options RuleOf(const CallerEdge::Options& options) {
  return {.attempts = options.attempts,
          .first_backoff = options.first_backoff,
          .max_backoff = options.max_backoff,
          .random = options.random};
}

}  // namespace

CallerEdge::CallerEdge(Options options)
    : options_(std::move(options)),
      gate_(Gate::Options{.what = options_.callee, .limit = AtLeastOne(options_.max_in_flight)}),
      budget_(options_.budget, &attempts_),
      rule_(RuleOf(options_), budget_) {}

class CallerEdge::Way final : public internal::Passage {
 public:
  Way(CallerEdge& edge, const Method& method)
      : Passage({.gate = &edge.gate_,
                 .counters = Counts(edge.options_) ? &edge.attempts_ : nullptr,
                 .reach = edge.options_.timeout + edge.options_.timeout / kNotWorthATimer,
                 .attempted_once = !method.idempotent || edge.options_.attempts <= 1,
                 .measures = MeasuresOf(edge.options_, method)}),
        edge_(edge),
        options_(edge.options_),
        method_(method) {}

  absl::StatusOr<Context> Enter(const Context& caller, absl::Time now) override {
    return caller.WithDeadline(now + options_.timeout);
  }
  Gate* gate() override { return &edge_.gate_; }
  void Started() override { edge_.attempts_.Started(); }
  void Ended(absl::StatusCode code) override { edge_.attempts_.Ended(code); }

  bool LastAttempt(int attempts_made) const override {
    return !method_.idempotent || attempts_made >= options_.attempts;
  }
  std::optional<absl::Duration> RetryAfter(const absl::Status& failure,
                                           int attempts_made) override {
    if (LastAttempt(attempts_made)) return std::nullopt;
    return edge_.rule_.After(failure, attempts_made);
  }

  // The callee named itself when it answered; where it did not, this end says whom it called.
  absl::Status Describe(const absl::Status& failure, int attempts_made) override {
    std::vector<Hop> path = PathOf(failure);
    const int attempt = attempts_made > 1 ? attempts_made : 0;
    if (!path.empty() && path.front().chainlet == method_.chainlet) {
      if (attempt == 0) return failure;
      path.front().attempt = attempt;
      return WithPath(failure, path);
    }
    return WithHop(failure, {.chainlet = std::string(method_.chainlet),
                             .method = std::string(method_.name),
                             .replica = "",
                             .attempt = attempt});
  }
  internal::CallPlace place() const override {
    return {.where = internal::CallPlace::Where::kCaller,
            .chainlet = method_.chainlet,
            .method = method_.name};
  }

 private:
  CallerEdge& edge_;
  const Options& options_;
  const Method& method_;
};

std::unique_ptr<internal::Passage> CallerEdge::PassageOf(const Method& method) {
  return std::make_unique<Way>(*this, method);
}

}  // namespace chains
