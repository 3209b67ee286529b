// What a client accepts: the header Accept of RFC 9110, section 12.5.1.
//
//   constexpr std::array<std::string_view, 2> kTypes = {"application/x-ndjson",
//                                                       "text/event-stream"};
//   BestType("text/html, text/*;q=0.5", kTypes);   // 1
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace chains::gateway {

// Which of `types` the client likes best; of those that it likes as well, the one that its header
// names first, then the first of `types`. nullopt: none of them. What is not understood in the
// header is passed over. Pure.
std::optional<size_t> BestType(std::string_view accept, std::span<const std::string_view> types);

}  // namespace chains::gateway
