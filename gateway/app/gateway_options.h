// GatewayOptions: what a gateway may be told, whatever kind of call comes.
#pragma once

#include <cstddef>
#include <optional>

#include "absl/time/time.h"
#include "gateway/app/api_keys.h"
#include "gateway/app/target.h"

namespace chains::gateway {

struct GatewayOptions {
  // Of the routes that it is created with; nullopt: everybody may call.
  std::optional<ApiKeys> keys = std::nullopt;
  absl::Duration timeout = absl::Seconds(60);  // without a Chains-Timeout header
  absl::Duration max_timeout = absl::Hours(1);
  size_t blocking_bytes = 256 << 10;  // larger bodies are transcoded off the loop
  Target::Backoff backoff = {};
};

}  // namespace chains::gateway
