// Sampling: which requests a gateway has traced, as the outermost process that decides for all
// below.
//
//   sampling.Update(table.tracing());
//   …
//   const Sampling::Verdict verdict = sampling.Judge(deployment, caller_says_sampled, now);
//   if (verdict.traced) …
//
// Lots are drawn once for a request: below `drawn` it is traced and kept; below `recorded` it is
// traced, and the platform keeps it if it fails or is slow. A request whose caller asks is traced
// within a rate; one to a deployment that is recorded, by a lot of its own. Lots and time are
// given, or its own and the caller's: pure, but for the lots.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "chains/policy/token_bucket.h"
#include "chains/v1/control.pb.h"

namespace chains::gateway {

// For one thread.
class Sampling {
 public:
  // A number in [0, 1), another one each time.
  using Lot = std::function<double()>;
  explicit Sampling(Lot lot);
  Sampling();  // with lots of a generator

  // What the platform says from now on. Shares that are no numbers of [0, 1] are taken as the
  // nearest of these; `recorded` is at least `drawn`.
  void Update(const v1::Tracing& tracing);

  struct Verdict {
    bool traced = false;
    bool asked = false;     // its caller did, and may
    bool drawn = false;     // it is kept whatever becomes of it
    std::string recording;  // the order that it is recorded for, with its messages; empty: none
  };
  // `deployment` is an id; `asked`: the caller's traceparent says sampled. Once a request.
  Verdict Judge(std::string_view deployment, bool asked, absl::Time now);
  // Whether nothing is ever traced unless somebody asks: then Judge() need not be asked otherwise.
  bool off() const { return recorded_ <= 0 && orders_.empty(); }

  // Whether the gateway may tell of one more failed request that was not traced: 50 a second.
  bool MayTellOfFailure(absl::Time now) { return failures_.Take(now); }

 private:
  struct Order {
    std::string deployment;
    double share = 0;
    std::string id;
  };

  const Lot lot_;
  double drawn_ = 0;
  double recorded_ = 0;
  uint32_t max_asked_ = 0;
  std::optional<TokenBucket> asked_;  // none: nobody may ask
  std::vector<Order> orders_;
  TokenBucket failures_{{.per_second = 50, .burst = 50}};
};

}  // namespace chains::gateway
