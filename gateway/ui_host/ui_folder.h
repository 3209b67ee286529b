// The page's files from a folder, for who writes the page: read anew with each request, and never
// packed.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// "text/javascript; charset=utf-8" of "index-3f2a.js"; of what is not known
// "application/octet-stream".
std::string_view UiTypeOf(std::string_view path);

// NOT_FOUND: there is none in `folder`, or `path`, which is relative to it, leads out of it.
// Blocks.
absl::StatusOr<Response> AnswerFromFolder(const std::string& folder, std::string_view path,
                                          const RequestHead& head);

}  // namespace chains::gateway
