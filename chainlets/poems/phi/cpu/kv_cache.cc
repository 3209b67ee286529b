#include "phi/cpu/kv_cache.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"

namespace poems::phi::cpu {
namespace {

int64_t PaddedDim(const Shape& shape) { return (int64_t{shape.head_dim} + 15) / 16 * 16; }

}  // namespace

absl::StatusOr<KvCache> KvCache::Make(const Shape& shape, bool half, int64_t bytes,
                                      int64_t sequences) {
  const int64_t element = half ? 2 : 4;
  const int64_t head_bytes = kPageSize * (shape.head_dim + PaddedDim(shape)) * element;
  const int64_t page_bytes = head_bytes * shape.layers * shape.kv_heads;
  if (bytes < page_bytes) {
    return absl::InvalidArgumentError(chains::Text("kv_bytes is ", bytes, ", but a page of ",
                                                   kPageSize, " positions takes ", page_bytes));
  }
  const int64_t useful = (int64_t{shape.max_positions} + kPageSize - 1) / kPageSize * sequences;
  const auto count = static_cast<int32_t>(std::min({bytes / page_bytes, useful, int64_t{1} << 24}));
  absl::StatusOr<Memory> memory = Memory::Make(count * page_bytes);
  if (!memory.ok()) return memory.status();
  return KvCache(shape, half, head_bytes, count, *std::move(memory));
}

HeadPages KvCache::head() const {
  return {.head_dim = shape_.head_dim,
          .padded_dim = PaddedDim(shape_),
          .values_at = kPageSize * shape_.head_dim * (half_ ? 2 : 4),
          .half = half_};
}

void KvCache::Put(const Kernels& kernels, std::byte* page, int64_t slot, const float* key,
                  const float* value, uint16_t* halves) const {
  const HeadPages head = this->head();
  std::byte* values = page + head.values_at;
  if (!half_) {
    auto* keys = reinterpret_cast<float*>(page) + slot;
    for (int64_t i = 0; i < head.head_dim; ++i) keys[i * kPageSize] = key[i];
    std::copy_n(value, head.head_dim, reinterpret_cast<float*>(values) + slot * head.padded_dim);
    return;
  }
  kernels.halve(key, head.head_dim, halves);
  auto* keys = reinterpret_cast<uint16_t*>(page) + slot;
  for (int64_t i = 0; i < head.head_dim; ++i) keys[i * kPageSize] = halves[i];
  kernels.halve(value, head.head_dim, reinterpret_cast<uint16_t*>(values) + slot * head.padded_dim);
}

}  // namespace poems::phi::cpu
