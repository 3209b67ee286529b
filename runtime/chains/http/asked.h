// Where a request goes that a contract maps to HTTP, and what of it is where: path, query, body.
//
//   Asked asked = *PlaceRequest("GET", "/v1/models/{model}", R"({"model":"a/b","limit":2})");
//   asked.target;   // "/v1/models/a%2Fb?limit=2"
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::http {

struct Asked {
  std::string target;
  std::string body;  // JSON; empty for GET and DELETE
};

// INVALID_ARGUMENT: a mapping that cannot be used, and why.
absl::Status CheckMapping(std::string_view verb, std::string_view path);

// `path` may name members of the JSON object `json`, "{model}": their text, percent-encoded, takes
// that place, and they are left out elsewhere. For GET and DELETE the others are the query, lists
// member by member. INVALID_ARGUMENT: what the path names is not there, or is no text, number or
// bool; or what is for the query is an object.
absl::StatusOr<Asked> PlaceRequest(std::string_view verb, std::string_view path, std::string json);

}  // namespace chains::http
