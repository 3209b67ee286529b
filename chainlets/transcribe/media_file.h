// Reads files for requests that name a path, from one folder only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace transcribe {

// The contents of `path`, which is taken relative to `folder` or is absolute. Links are followed,
// and what they lead to must lie below `folder` (PERMISSION_DENIED), also when it is exchanged
// meanwhile. NOT_FOUND for what is not there; INVALID_ARGUMENT for what is no file or has more than
// `max_bytes`.
absl::StatusOr<std::string> ReadMediaFile(const std::filesystem::path& folder,
                                          std::string_view path, size_t max_bytes);

}  // namespace transcribe
