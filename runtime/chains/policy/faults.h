// Faults that somebody asks for, to see what a chain makes of them: a share of the calls to a
// chainlet fails, comes late, or is never answered.
//
//   absl::StatusOr<Faults> faults = ParseFaults("SayHello: 1% UNAVAILABLE, 5% +200ms");
//   channel = WithFaults(std::move(channel), "hello.SayHello", *faults);
//
// A rule names a chainlet, or * for all, and what strikes its calls:
//
//   1% UNAVAILABLE         the callee is not reached; any code of gRPC but OK
//   1% UNAVAILABLE after   the callee does its work, and its answer is lost
//   5% +200ms              the call sets out so much later
//   5% +200ms~50ms         … by 150 to 250 ms
//   0.1% hangs             no answer comes, and the callee is not reached
//   0.1% corrupt           one bit of every message of the answer is another
//   … from 10s to 40s      only then, after the first call
//
// Rules are separated by semicolons, or given one by one. Each strikes independently of the others;
// delays add up, and of the rest the first that is listed counts.
//
// The channel stands where a connection would, below balancing, hedging, circuits and retries: so
// all of them meet a fault as they would meet one of the network or of the callee. Where no rule
// is for a chainlet there is no such channel, and its calls pay nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/contract/channel.h"

namespace chains {

// What strikes a share of the calls.
struct FaultEffect {
  enum class Kind { kFails, kFailsAfter, kDelays, kHangs, kCorrupts };

  double share = 0;  // 0 to 1
  Kind kind = Kind::kFails;
  absl::StatusCode code = absl::StatusCode::kUnavailable;  // kFails, kFailsAfter
  absl::Duration delay = absl::ZeroDuration();             // kDelays
  absl::Duration jitter = absl::ZeroDuration();            // … by this more or less
  // When it strikes, since the channel's first call.
  absl::Duration from = absl::ZeroDuration();
  absl::Duration to = absl::InfiniteDuration();
};

struct FaultRule {
  std::string chainlet;  // "hello.SayHello" or "SayHello"; "*": every one
  std::vector<FaultEffect> effects;
};

// In their order; several may be for one chainlet.
using Faults = std::vector<FaultRule>;

// INVALID_ARGUMENT, which quotes what it does not understand and says what would be understood. At
// most 64 rules of at most 64 effects.
absl::StatusOr<Faults> ParseFaults(std::string_view text);

// Whether a rule's name means the chainlet of this full name.
bool Means(const FaultRule& rule, std::string_view contract);

// Those for the chainlet of this full name; "": all.
Faults FaultsFor(const Faults& faults, std::string_view contract);

// `inner` as it is where no rule is for `contract`; "": it reaches several, as a gateway's does.
std::unique_ptr<Channel> WithFaults(std::unique_ptr<Channel> inner, std::string_view contract,
                                    const Faults& faults);

// One bit in the middle is another; no bytes have no bit, so they become some that parse as no
// message.
Bytes Corrupted(const Bytes& bytes);

// For one loop's coroutines. What strikes follows from `seed` alone and the order of calls.
class FaultsChannel final : public Channel {
 public:
  FaultsChannel(std::unique_ptr<Channel> inner, Faults faults, uint64_t seed);

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  // A stream that fails after the callee's work fails at its end.
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

 private:
  // What strikes one call.
  struct Struck {
    absl::Duration delay = absl::ZeroDuration();
    const FaultEffect* effect = nullptr;  // of other kinds than kDelays; null: none
  };
  Struck Strike(const Method& method, absl::Time now);
  absl::Duration DelayBy(const FaultEffect& effect);

  const std::unique_ptr<Channel> inner_;
  const Faults faults_;
  std::mt19937_64 random_;
  absl::Time first_call_ = absl::InfiniteFuture();
};

}  // namespace chains
