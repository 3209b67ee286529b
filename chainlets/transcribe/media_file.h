// Opens files for requests that name a path, in one folder only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "absl/status/statusor.h"
#include "media/file_source.h"

namespace transcribe {

// `path` is taken relative to `folder` or is absolute. Links are followed, and what they lead to
// must lie below `folder` (PERMISSION_DENIED), also when it is exchanged meanwhile. NOT_FOUND for
// what is not there; INVALID_ARGUMENT for what is no file or has more than `max_bytes`.
absl::StatusOr<FileSource> OpenMediaFile(const std::filesystem::path& folder, std::string_view path,
                                         uint64_t max_bytes);

}  // namespace transcribe
