// WireToJson: one serialized message to JSON, by the message's schema, without parsing it into an
// object first. Names as in the contract, absent fields of proto3 with their default, 64-bit
// integers and bytes as strings: proto3's JSON mapping, unless the schema's dialect is another.
// Unknown fields are left out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "chains/json/schema.h"

namespace chains::json {

// A message whose only field is `result` becomes the JSON of that field's value.
// INTERNAL where `wire` is no such message, or holds a string that is not UTF-8; RESOURCE_EXHAUSTED
// where the JSON would be larger than about `max_bytes`.
absl::StatusOr<std::string> WireToJson(const Schema& schema, const MessageSchema& type,
                                       std::string_view wire, size_t max_bytes);

}  // namespace chains::json
