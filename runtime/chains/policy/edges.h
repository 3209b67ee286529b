// The two ends of an edge: what a caller decides, and what a callee does.
#pragma once

#include <string>
#include <unordered_map>

#include "absl/time/time.h"
#include "chains/contract/edge.h"
#include "chains/contract/method.h"
#include "chains/core/gate.h"
#include "chains/policy/counters.h"

namespace chains {

// The caller's end: attempts, timeout, and how many calls it has in flight; the others wait.
class CallerEdge final : public Edge {
 public:
  struct Options {
    std::string callee;                           // "hello.SayHello"
    int attempts = 1;                             // of idempotent unary methods, at UNAVAILABLE
    absl::Duration timeout = absl::Seconds(600);  // from the call to its answer, attempts included
    int max_in_flight = 300;
    absl::Duration first_backoff = absl::Milliseconds(10);  // doubles with every attempt …
    absl::Duration max_backoff = absl::Seconds(1);          // … up to this
  };
  explicit CallerEdge(Options options);

  absl::StatusOr<Context> Enter(const Method& method, const Context& caller,
                                absl::Time now) override;
  Gate* gate() override { return &gate_; }
  void Started(const Method&) override {}
  void Ended(const Method&, absl::StatusCode) override {}
  bool LastAttempt(const Method& method, int attempts_made) override;
  std::optional<absl::Duration> RetryAfter(const Method& method, const absl::Status& failure,
                                           int attempts_made) override;
  absl::Status Describe(const Method& method, const absl::Status& failure,
                        int attempts_made) override;

 private:
  const Options options_;
  Gate gate_;
};

// The callee's end: its concurrency limit and queue, counts, and its name in the path of a failure.
class CalleeEdge final : public Edge {
 public:
  struct Options {
    std::string chainlet;
    std::string replica;          // the name of this process
    int concurrency_limit = 256;  // calls that run at a time
    int max_queued = 256;         // calls that wait; more are refused with RESOURCE_EXHAUSTED
  };
  // `counters` outlives the edge.
  CalleeEdge(Options options, Counters& counters);

  absl::StatusOr<Context> Enter(const Method& method, const Context& caller,
                                absl::Time now) override;
  Gate* gate() override { return &gate_; }
  void Started(const Method& method) override;
  void Ended(const Method& method, absl::StatusCode code) override;
  bool LastAttempt(const Method&, int) override { return true; }
  std::optional<absl::Duration> RetryAfter(const Method&, const absl::Status&, int) override {
    return std::nullopt;
  }
  absl::Status Describe(const Method& method, const absl::Status& failure,
                        int attempts_made) override;

 private:
  MethodCounters& Of(const Method& method);

  const Options options_;
  Counters& counters_;
  std::unordered_map<const Method*, MethodCounters*> by_method_;
  Gate gate_;
};

}  // namespace chains
