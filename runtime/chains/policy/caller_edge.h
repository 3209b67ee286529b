// The caller's end of an edge: what a caller decides about its calls to a chainlet.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "chains/contract/edge.h"
#include "chains/contract/method.h"
#include "chains/core/gate.h"

namespace chains {

// Attempts, timeout, and how many calls it has in flight; the others wait.
class CallerEdge final : public Edge {
 public:
  struct Options {
    std::string callee;  // "hello.SayHello"
    int attempts = 1;    // of idempotent unary methods, at UNAVAILABLE
    // From the call to its answer, attempts included; 1/64 more where the caller's own deadline
    // comes then.
    absl::Duration timeout = absl::Seconds(600);
    int max_in_flight = 300;
    absl::Duration first_backoff = absl::Milliseconds(10);  // doubles with every attempt …
    absl::Duration max_backoff = absl::Seconds(1);          // … up to this
  };
  explicit CallerEdge(Options options);

  std::unique_ptr<internal::Passage> PassageOf(const Method& method) override;

 private:
  class Way;

  const Options options_;
  Gate gate_;
};

}  // namespace chains
