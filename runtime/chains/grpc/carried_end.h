// How a call on a carrier ended.
#pragma once

#include <string_view>

#include <grpcpp/support/status.h>

namespace chains::internal {

inline constexpr char kCarrierPath[] = "/chains.wire.v1.Carrier/Carry";

// What an answer says beside its reply.
struct CarriedEnd {
  grpc::Status status = {};
  std::string_view receipt = {};  // kReceiptAnswer; may be empty
  int load = -1;                  // kLoadQuestion; negative: not asked for
};

}  // namespace chains::internal
