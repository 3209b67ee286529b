// What both ends of a connection must agree on.
#pragma once

#include <string>

#include <grpc/impl/codegen/grpc_types.h>

#include "absl/strings/match.h"
#include "chains/grpc/limits.h"

namespace chains::internal {

// Calls `set(name, value)` for each. Pings come every half minute, also without calls, and are
// allowed three times as often.
template <typename Set>
void SetCommonArguments(Set set) {
  set(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, static_cast<int>(kMaxMessageBytes + kMaxHeadBytes));
  set(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, static_cast<int>(kMaxMessageBytes + kMaxHeadBytes));
  // Headers and error details of 4 KiB each, and a message that may triple when it is escaped.
  set(GRPC_ARG_MAX_METADATA_SIZE, 32 * 1024);
  set(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  // What nobody here uses, and every call would pay for. Compressed messages are still read;
  // deadline checks and size limits stay, which GRPC_ARG_MINIMAL_STACK would take away.
  set(GRPC_ARG_ENABLE_CHANNELZ, 0);
  set(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
}

// The same for a client's end. gRPC's retries would keep a copy of every call's operations (8,700
// instructions a call); attempts are the caller's edge's. AuthorityOf() takes the place of the
// filter that would add the authority to each call.
template <typename Set>
void SetClientArguments(Set set) {
  SetCommonArguments(set);
  set(GRPC_ARG_ENABLE_RETRIES, 0);
  set(GRPC_ARG_DISABLE_CLIENT_AUTHORITY_FILTER, 1);
  set(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  set(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  set(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
}

// What a call must give to ClientContext::set_authority(): the host, as gRPC itself would say it.
inline std::string AuthorityOf(const std::string& address) {
  return absl::StartsWith(address, "unix:") ? "localhost" : address;
}

}  // namespace chains::internal
