// Sizes of memory as Resources give them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chains::internal {

// "512Mi" → 536870912: a whole number of bytes, or with Ki, Mi, Gi, Ti. Nothing: not such a size,
// or more than 63 bits hold.
std::optional<int64_t> ParseMemorySize(std::string_view text);

}  // namespace chains::internal
