// ProxyFaults: what a network between two processes does wrong, as FaultProxy does it.
//
//   ParseProxyFaults("delay=50ms jitter=5ms")            // both ways
//   ParseProxyFaults("to-client: rate=100000 cut=4096")  // answers only
//   ParseProxyFaults("blackhole")                        // a partition, until it is set anew
//   ParseProxyFaults("")                                 // heals
//
// Words for each direction: delay=TIME, jitter=TIME, rate=BYTES (a second), cut=BYTES, stall=BYTES,
// corrupt=BYTES; "to-target:" and "to-client:" say which one the words after it are for. For both:
// blackhole, refuse.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chains::testing {

// Of the bytes that go one way over one connection.
struct LinkFaults {
  absl::Duration delay = absl::ZeroDuration();   // each byte is so much later
  absl::Duration jitter = absl::ZeroDuration();  // … by this more or less; bytes keep their order
  int64_t bytes_per_second = 0;                  // 0: as fast as they come
  // After so many bytes the connection is reset, both ways.
  std::optional<int64_t> cut_after = std::nullopt;
  // After so many bytes nothing passes this way any more, not even the end: a half-open connection.
  std::optional<int64_t> stall_after = std::nullopt;
  // One bit of a byte is another, once in about so many bytes; 0: never.
  int64_t corrupt_every = 0;
};

struct ProxyFaults {
  LinkFaults to_target;  // requests
  LinkFaults to_client;  // answers
  // Nothing passes, and nothing is lost: what comes waits for the end of it, as for that of a
  // partition. Who connects meanwhile believes to be connected.
  bool blackhole = false;
  bool refuse = false;  // who connects is reset
};

// INVALID_ARGUMENT, which quotes the word that it does not understand.
absl::StatusOr<ProxyFaults> ParseProxyFaults(std::string_view text);

}  // namespace chains::testing
