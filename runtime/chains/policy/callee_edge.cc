#include "chains/policy/callee_edge.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "chains/contract/push_back.h"
#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "chains/core/typical_time.h"

namespace chains {
namespace {

std::string LimitText(const CalleeEdge::Options& options) {
  return Text(options.chainlet, " is full (",
              options.adaptive.on ? "an adaptive limit of at most " : "concurrency_limit ",
              options.concurrency_limit, ", max_queued ", options.max_queued,
              "; chains::Limits of this chainlet raises them)");
}

int MostOf(const CalleeEdge::Options& options) {
  const int limit = std::max(1, options.concurrency_limit);
  return options.adaptive.max > 0 ? std::min(limit, options.adaptive.max) : limit;
}

LimitFinder::Options FinderOptions(const CalleeEdge::Options& options) {
  const int most = MostOf(options);
  return {.min = std::clamp(options.adaptive.min, 1, most),
          .max = most,
          .probes = !options.dry_run && !options.adaptive.dry_run};
}

}  // namespace

CalleeEdge::CalleeEdge(Options options, Counters& counters)
    : options_(std::move(options)),
      counters_(counters),
      gate_counters_(counters.AddGate(options_.chainlet)),
      limit_finder_(FinderOptions(options_)),
      gate_(GateOptions()) {}

Gate::Options CalleeEdge::GateOptions() {
  Gate::Options gate = {.what = LimitText(options_),
                        .limit = static_cast<size_t>(std::max(1, options_.concurrency_limit)),
                        .max_waiting = static_cast<size_t>(std::max(0, options_.max_queued)),
                        .shown_waiting = &counters_.AddQueue(options_.chainlet),
                        .counters = &gate_counters_,
                        .learns = true,
                        .push_back = &WithRetryAfter};
  if (options_.dry_run) gate.let_in_anyway = std::numeric_limits<size_t>::max();
  if (!options_.adaptive.on) return gate;
  if (options_.adaptive.dry_run) gate.let_in_anyway = std::max(gate.let_in_anyway, gate.limit);
  gate.limit = limit_finder_.limit();
  gate.adapt = [this](const Turn& turn) { return limit_finder_.Next(turn); };
  return gate;
}

class CalleeEdge::Way final : public internal::Passage {
 public:
  Way(CalleeEdge& edge, const Method& method) : Way(edge, method, edge.counters_.Add(method)) {}

  absl::StatusOr<Context> Enter(const Context& caller, absl::Time now) override {
    if (caller.deadline() <= now) {
      return absl::DeadlineExceededError(
          Text(method_.chainlet, ".", method_.name, " was called after its deadline"));
    }
    const absl::Duration left = caller.deadline() - now;
    if (left < typical_.least() && !typical_.TriesAnyway(now)) {
      edge_.gate_counters_.Count(GateEvent::kLateCall);
      if (options_.late_calls == LateCalls::kRefuse) return TooLittleTime(left);
    }
    return caller;
  }
  Gate* gate() override { return &gate_; }
  void Started() override { counters_.Started(); }
  void Took(absl::Duration time, absl::StatusCode code) override { typical_.Took(time, code); }
  void Ended(absl::StatusCode code) override { counters_.Ended(code); }

  bool LastAttempt(int) const override { return true; }
  std::optional<absl::Duration> RetryAfter(const absl::Status&, int) override {
    return std::nullopt;
  }
  absl::Status Describe(const absl::Status& failure, int) override {
    return WithHop(failure, {.chainlet = std::string(method_.chainlet),
                             .method = std::string(method_.name),
                             .replica = options_.replica});
  }
  internal::CallPlace place() const override {
    return {.where = internal::CallPlace::Where::kCallee,
            .chainlet = method_.chainlet,
            .method = method_.name,
            .replica = options_.replica};
  }

 private:
  Way(CalleeEdge& edge, const Method& method, MethodCounters& counters)
      : Passage({.gate = &edge.gate_,
                 .counters = &counters,
                 .typical = Learns(edge, method) ? &typical_ : nullptr}),
        edge_(edge),
        options_(edge.options_),
        gate_(edge.gate_),
        method_(method),
        counters_(counters) {}

  // How long a stream takes says nothing of the next one.
  static bool Learns(const CalleeEdge& edge, const Method& method) {
    return edge.options_.late_calls != LateCalls::kAllow && method.kind == MethodKind::kUnary;
  }
  absl::Status TooLittleTime(absl::Duration left) const {
    return absl::DeadlineExceededError(Text(
        method_.chainlet, ".", method_.name, " was not begun: it has ",
        absl::FormatDuration(absl::Floor(left, absl::Microseconds(1))), " left and usually takes ",
        absl::FormatDuration(absl::Floor(typical_.mean(), absl::Microseconds(1)))));
  }

  CalleeEdge& edge_;
  const Options& options_;
  Gate& gate_;
  const Method& method_;
  MethodCounters& counters_;
  TypicalTime typical_;
};

std::unique_ptr<internal::Passage> CalleeEdge::PassageOf(const Method& method) {
  return std::make_unique<Way>(*this, method);
}

}  // namespace chains
