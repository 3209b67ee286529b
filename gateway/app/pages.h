// Responses of the gateway itself.
#pragma once

#include <string>
#include <string_view>

#include "gateway/http/message.h"

namespace chains::gateway {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kProtobufType = "application/x-protobuf";

// 200, with room for the headers that every response gets.
Response Page(std::string_view type, std::string body);

// 405; `allowed` as in the header Allow: "GET, POST".
Response NotAllowed(std::string_view allowed);

}  // namespace chains::gateway
