// Any text as a model's config.json: what is taken is a shape that a backend may trust.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "phi/config.h"

namespace {

using poems::phi::ModelConfig;
using poems::phi::Rotary;
using poems::phi::Shape;

bool IsUsable(const Rotary& rotary, int32_t count) {
  for (int32_t i = 0; i < count; ++i)
    if (!(std::isfinite(rotary.frequencies[i]) && rotary.frequencies[i] >= 0)) return false;
  return std::isfinite(rotary.scale) && rotary.scale > 0;
}

bool IsUsable(const ModelConfig& config) {
  const Shape shape = config.shape();
  for (const int32_t size :
       {shape.vocab, shape.hidden, shape.layers, shape.heads, shape.kv_heads, shape.head_dim,
        shape.rotary_dim, shape.intermediate, shape.max_positions, config.original_max_positions()})
    if (size < 1 || size > 1 << 24) return false;
  for (const int32_t token : config.end_tokens())
    if (token < 0 || token >= shape.vocab) return false;
  return shape.heads % shape.kv_heads == 0 && shape.rotary_dim % 2 == 0 &&
         shape.rotary_dim <= shape.head_dim && shape.sliding_window >= 0 &&
         shape.sliding_window < shape.max_positions && shape.norm_epsilon >= 0 &&
         config.original_max_positions() <= shape.max_positions &&
         config.begin_token() < shape.vocab && IsUsable(shape.short_rotary, shape.rotary_dim / 2) &&
         IsUsable(shape.long_rotary, shape.rotary_dim / 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config =
      ModelConfig::Parse({reinterpret_cast<const char*>(data), size}, "config.json");
  if (config.ok() && !IsUsable(*config)) std::abort();
  return 0;
}
