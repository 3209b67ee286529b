// What both ends of a connection must agree on.
#pragma once

#include <grpc/impl/codegen/grpc_types.h>

#include "chains/grpc/limits.h"

namespace chains::internal {

// Calls `set(name, value)` for each. Pings come every half minute, also without calls, and are
// allowed three times as often.
template <typename Set>
void SetCommonArguments(Set set) {
  set(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, static_cast<int>(kMaxMessageBytes));
  set(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, static_cast<int>(kMaxMessageBytes));
  // Headers and error details of 4 KiB each, and a message that may triple when it is escaped.
  set(GRPC_ARG_MAX_METADATA_SIZE, 32 * 1024);
  set(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
}

}  // namespace chains::internal
