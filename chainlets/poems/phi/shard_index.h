// ShardIndex: which file of a model that is cut into several holds which tensor.
//
//   {"metadata": {"total_size": 7642159104},
//    "weight_map": {"lm_head.weight": "model-00002-of-00002.safetensors", …}}
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace poems::phi {

// Tensor to file. Files are names in the index's own folder, ending in .safetensors.
using ShardIndex = std::map<std::string, std::string, std::less<>>;

// INVALID_ARGUMENT names `where`, the tensor and the reason.
absl::StatusOr<ShardIndex> ParseShardIndex(std::string_view json, std::string_view where);

}  // namespace poems::phi
