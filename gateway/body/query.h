// The query of a request's target: "/run?name=Ada+L.&n=3" has name "Ada L." and n "3". Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace chains::gateway {

// In their order, decoded as a form's are: %41 is "A", "+" a space. A name without "=" has an empty
// value. INVALID_ARGUMENT: '%' stands before what is no byte in hexadecimal digits.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> QueryOf(std::string_view target);

}  // namespace chains::gateway
