// GatewayOptions: what a gateway may be told, whatever kind of call comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "gateway/app/api_keys.h"
#include "gateway/app/cors.h"
#include "gateway/app/quotas.h"
#include "gateway/app/target.h"
#include "gateway/body/byte_budget.h"

namespace chains::gateway {

// What WebSockets are held to.
struct WebSocketOptions {
  // In all; those that are silent end before, after Chains-Timeout or `timeout`.
  absl::Duration lifetime = absl::Hours(24);
  size_t max_open = 2048;  // more are refused, so that there is room for other connections
};

// What methods that stream are held to.
struct StreamOptions {
  absl::Duration timeout = absl::Hours(1);  // of a whole stream without a Chains-Timeout header
  // Between two items, of either direction; so long a stream may be silent.
  absl::Duration idle_timeout = absl::Seconds(60);
  absl::Duration heartbeat = absl::Seconds(15);  // of server-sent events
  // Between the line that says why a stream failed and its breaking off: clients such as fetch()
  // throw away what they have not read by then.
  absl::Duration time_to_read = absl::Seconds(1);
  size_t max_item_bytes = 16 << 20;  // of one request in a stream of them
  // Of replies that are gathered to one array, and of a body that is one.
  size_t max_gathered_items = 10'000;
  size_t max_gathered_bytes = 16 << 20;
  // Of all streams together, the two above and requests that are not whole yet; beyond it 503.
  size_t max_bytes_held = 512 << 20;
};

struct GatewayOptions {
  // Of the routes that it is created with; nullopt: everybody may call.
  std::optional<ApiKeys> keys = std::nullopt;
  absl::Duration timeout = absl::Seconds(60);  // without a Chains-Timeout header
  absl::Duration max_timeout = absl::Hours(1);
  size_t blocking_bytes = 256 << 10;  // larger bodies are transcoded off the loop
  // Of a request's body, as it comes and unpacked, where its method says nothing else.
  uint64_t max_body_bytes = 100 << 20;
  // Of whole bodies that came packed, all together; gateways with these options share it.
  std::shared_ptr<ByteBudget> unpacked = std::make_shared<ByteBudget>(size_t{1} << 30);
  Target::Backoff backoff = {};
  WebSocketOptions sockets = {};
  Cors cors = {};  // which pages may call from browsers, and open WebSockets beside the own host's
  StreamOptions streams = {};
  Quotas::Options quotas = {};
};

}  // namespace chains::gateway
