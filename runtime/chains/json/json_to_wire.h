// JsonToWire: one JSON text to one serialized message, in one pass, by the message's schema.
//
// Proto3's JSON mapping, lenient where an HTTP caller expects it: unknown keys are ignored, "30" is
// taken for 30 and "true" for true; null stands for an absent field.
// Strict elsewhere, as INVALID_ARGUMENT with line, column and the path of the field:
//
//   1:18: people[0].age: an integer is expected, not 30.5
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "chains/json/schema.h"

namespace chains::json {

// A request must hold the required arguments of its type: what it lacks is one error with all
// names. RESOURCE_EXHAUSTED where the message would be larger than `max_bytes`.
absl::StatusOr<std::string> JsonToWire(const Schema& schema, const MessageSchema& type,
                                       std::string_view json, size_t max_bytes);

}  // namespace chains::json
