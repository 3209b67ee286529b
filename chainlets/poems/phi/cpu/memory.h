// Memory: zeroed bytes of the system's own, in huge pages where it has them.
//
//   absl::StatusOr<Memory> memory = Memory::Make(bytes);
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace poems::phi::cpu {

// Pages are taken when they are first written. Movable; the bytes stay where they are.
class Memory {
 public:
  // RESOURCE_EXHAUSTED when the system refuses.
  static absl::StatusOr<Memory> Make(int64_t bytes);
  Memory(Memory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  Memory& operator=(Memory&&) = delete;
  ~Memory();

  std::byte* data() const { return data_; }

 private:
  Memory(std::byte* data, size_t bytes) : data_(data), bytes_(bytes) {}

  std::byte* data_;
  size_t bytes_;
};

// Zeros that begin at a line of the cache. Movable; the floats stay where they are.
class Floats {
 public:
  explicit Floats(int64_t count) : values_(static_cast<size_t>(count) + kLine) {}

  float* data() {
    const auto begin = reinterpret_cast<uintptr_t>(values_.data()) / sizeof(float);
    return values_.data() + (kLine - begin % kLine) % kLine;
  }

 private:
  static constexpr size_t kLine = 16;
  std::vector<float> values_;
};

}  // namespace poems::phi::cpu
