// The request of a method that is asked by GET: what its query says, as JSON.
//
//   /run_remote?request=%7B%22name%22%3A%22Ada%22%7D     {"name":"Ada"}
//   /run_remote?name=Ada&tags=a&tags=b                    {"name":"Ada","tags":["a","b"]}
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "chains/json/transcoder.h"

namespace chains::gateway {

// Whether a method may be asked by GET: it has no side effects, and takes one request.
bool MayBeAskedByGet(const json::Transcoder::Method& method);

// A pure function. `request` in the query is the whole of it. Otherwise its scalar fields, and what
// JSON writes as a string, are taken by their names; repeated ones as often as they are named;
// other names are not the request's. INVALID_ARGUMENT: the query is not encoded well, or names a
// field twice that is not repeated, or one that a query cannot say.
absl::StatusOr<std::string> JsonOfQuery(std::string_view target, const json::MessageSchema& type);

}  // namespace chains::gateway
