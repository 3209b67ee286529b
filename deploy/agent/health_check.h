// AskHealth: whether the program of this pod serves, as a kubelet asks (grpc.health.v1.Health).
//
//   absl::Status serves = AskHealth("127.0.0.1:7002", absl::Seconds(1));
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace chains::deploy {

// OK: it serves. UNAVAILABLE: it does not, or nobody listens there. Blocks.
absl::Status AskHealth(const std::string& address, absl::Duration timeout);

}  // namespace chains::deploy
