// What gRPC says in headers and trailers of HTTP/2, as text. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace chains::gateway {

// "application/grpc", also with "+proto" or parameters; not gRPC-Web's.
bool IsGrpcContentType(std::string_view type);

// The value of `grpc-timeout`: at most eight digits and a unit, H, M, S, m, u or n; nullopt where
// it is none.
std::optional<absl::Duration> ParseGrpcTimeout(std::string_view text);

// A message as `grpc-message` has it: what is not printable ASCII, and '%', in hexadecimal.
std::string QuoteGrpcMessage(std::string_view message);

}  // namespace chains::gateway
