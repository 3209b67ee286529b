#include "memory_model.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace poems::phi {
namespace {

uint16_t Bf16Of(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

// Of values below 65504; those below 2^-14 become 0.
uint16_t F16Of(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000U);
  const uint32_t rest = (bits & 0x7fffffffU) + 0xfffU + (bits >> 13 & 1U);
  if (rest < 0x38800000U) return sign;
  return static_cast<uint16_t>(sign | (rest - (112U << 23)) >> 13);
}

void Store(float value, DType dtype, std::byte* to) {
  if (dtype == DType::kF32) {
    std::memcpy(to, &value, sizeof(value));
    return;
  }
  const uint16_t bits = dtype == DType::kF16 ? F16Of(value) : Bf16Of(value);
  std::memcpy(to, &bits, sizeof(bits));
}

float Root(int64_t number) { return std::sqrt(static_cast<float>(number)); }

}  // namespace

MemoryModel::MemoryModel(const Shape& shape, DType dtype, uint32_t seed, bool tied)
    : shape_(shape), dtype_(dtype), random_(seed) {
  MakeFrequencies();
  const int64_t hidden = shape.hidden;
  const int64_t queries = int64_t{shape.heads} * shape.head_dim;
  const int64_t keys = int64_t{shape.kv_heads} * shape.head_dim;
  const float from_hidden = 1 / Root(hidden);
  for (int32_t i = 0; i < shape.layers; ++i) {
    layers_.push_back({.input_norm = Make(1, hidden, 1, 0.1F),
                       .qkv = Make(queries + 2 * keys, hidden, 0, 1.5F * from_hidden),
                       .attention_output = Make(hidden, queries, 0, 1 / Root(queries)),
                       .post_attention_norm = Make(1, hidden, 1, 0.1F),
                       .gate_up = Make(2 * int64_t{shape.intermediate}, hidden, 0, from_hidden),
                       .down = Make(hidden, shape.intermediate, 0, 1 / Root(shape.intermediate))});
  }
  weights_ = {.embedding = Make(shape.vocab, hidden, 0, 1),
              .layers = layers_.data(),
              .layer_count = shape.layers,
              .final_norm = Make(1, hidden, 1, 0.1F),
              .head = {}};
  weights_.head = tied ? weights_.embedding : Make(shape.vocab, hidden, 0, 2 * from_hidden);
}

Tensor MemoryModel::Make(int64_t rows, int64_t columns, float mean, float spread) {
  std::vector<std::byte>& data =
      data_.emplace_back(static_cast<size_t>(rows * columns * BytesOf(dtype_)));
  // Evenly spread numbers deviate by a third of the root of their range.
  const float range = spread * Root(12);
  for (int64_t i = 0; i < rows * columns; ++i) {
    const float unit = static_cast<float>(random_() >> 8) * 0x1p-24F - 0.5F;
    Store(mean + range * unit, dtype_, data.data() + i * BytesOf(dtype_));
  }
  return {.data = data.data(), .dtype = dtype_, .rows = rows, .columns = columns};
}

void MemoryModel::MakeFrequencies() {
  for (int32_t i = 0; i < shape_.rotary_dim / 2; ++i) {
    const double exponent = 2.0 * i / shape_.rotary_dim;
    const auto frequency = static_cast<float>(std::pow(10000.0, -exponent));
    short_frequencies_.push_back(frequency);
    long_frequencies_.push_back(frequency / static_cast<float>(1 + 15 * exponent));
  }
  shape_.short_rotary = {.frequencies = short_frequencies_.data(), .scale = 1};
  shape_.long_rotary = {.frequencies = long_frequencies_.data(), .scale = 1.19F};
}

}  // namespace poems::phi
