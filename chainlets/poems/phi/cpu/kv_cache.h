// KvCache: the keys and values of all pages, in one piece of memory.
//
//   std::byte* page = cache.Page(7, layer, kv_head);  // of kPageSize positions
//
// Of a model in 16 bits they are f16: half of what floats take, and eight times as fine as bf16 for
// all values that keys have (ToF16 says what becomes of larger ones). Of one in floats they are
// floats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "phi/backend.h"
#include "phi/cpu/kernels.h"
#include "phi/cpu/memory.h"

namespace poems::phi::cpu {

class KvCache {
 public:
  // As many pages as fit `bytes`, and no more than positions a model of that shape could fill in
  // `sequences`. INVALID_ARGUMENT when none fits.
  static absl::StatusOr<KvCache> Make(const Shape& shape, bool half, int64_t bytes,
                                      int64_t sequences);

  int32_t page_count() const { return page_count_; }
  int64_t page_bytes() const { return head_bytes_ * shape_.layers * shape_.kv_heads; }

  std::byte* Page(int32_t page, int32_t layer, int32_t kv_head) const {
    const int64_t head = (int64_t{page} * shape_.layers + layer) * shape_.kv_heads + kv_head;
    return memory_.data() + head * head_bytes_;
  }
  // What is in a page's part of a head; the caller fills in pages, first and last.
  HeadPages head() const;

  // Puts one position's key and value there; `halves` has room for padded_dim.
  void Put(const Kernels& kernels, std::byte* page, int64_t slot, const float* key,
           const float* value, uint16_t* halves) const;

 private:
  KvCache(const Shape& shape, bool half, int64_t head_bytes, int32_t page_count, Memory memory)
      : shape_(shape),
        half_(half),
        head_bytes_(head_bytes),
        page_count_(page_count),
        memory_(std::move(memory)) {}

  const Shape shape_;
  const bool half_;
  const int64_t head_bytes_;  // of a page, for one head of one layer
  const int32_t page_count_;
  Memory memory_;
};

}  // namespace poems::phi::cpu
