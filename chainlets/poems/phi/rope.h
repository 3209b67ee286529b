// Rotary frequencies of a model, from the keys of its config.json.
//
//   absl::StatusOr<Rope> rope = ReadRope(config, {.head_dim = 96, .max_positions = 4096});
//
// The keys and what they mean are those of Phi3Config (configuration_phi3.py) and of
// _compute_longrope_parameters (modeling_rope_utils.py) in huggingface/transformers. Older files
// have rope_theta, partial_rotary_factor and rope_scaling {type, …}; newer ones have
// rope_parameters {rope_type, rope_theta, …} with all of it inside.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "phi/json_object.h"

namespace poems::phi {

struct RopeShape {
  int32_t head_dim = 0;
  int32_t max_positions = 0;
};

struct Rope {
  int32_t rotary_dim = 0;
  int32_t original_max_positions = 0;    // longer sequences use the long frequencies
  std::vector<float> short_frequencies;  // rotary_dim / 2, in radians per position
  std::vector<float> long_frequencies;   // as many
  float scale = 1;                       // of cosine and sine
};

// INVALID_ARGUMENT names the key and what is wrong with it.
absl::StatusOr<Rope> ReadRope(JsonObject& config, const RopeShape& shape);

}  // namespace poems::phi
