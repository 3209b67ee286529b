// Numbers as JSON writes them, to the numbers of a contract.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chains::json {

// 3e1 and 30.0 are integers. nullopt: no integer, or too large.
std::optional<int64_t> ToInt64(std::string_view text);
std::optional<uint64_t> ToUint64(std::string_view text);

// nullopt: no number of JSON's grammar, or beyond the largest double.
std::optional<double> ToDouble(std::string_view text);

}  // namespace chains::json
