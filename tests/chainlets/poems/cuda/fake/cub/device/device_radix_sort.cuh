// Stands in for cub's header of this name, as far as the poems use it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fake_device.h"

namespace cub {

template <typename Key>
struct DoubleBuffer {
  DoubleBuffer() = default;
  DoubleBuffer(Key* current, Key* alternate) : buffers{current, alternate} {}
  Key* Current() const { return buffers[selector]; }
  Key* buffers[2] = {};
  int selector = 0;
};

// Sorts by the bits that it is told, as the real one does, into the other buffer.
struct DeviceRadixSort {
  static cudaError_t SortKeys(void* memory, size_t& bytes, DoubleBuffer<uint64_t>& keys, int count,
                              int begin_bit = 0, int end_bit = 64, cudaStream_t stream = nullptr) {
    if (memory == nullptr) {
      bytes = 64 + static_cast<size_t>(count) / 8;
      return cudaSuccess;
    }
    if (bytes < 64 + static_cast<size_t>(count) / 8) return cudaErrorInvalidValue;
    const uint64_t mask =
        (end_bit == 64 ? ~uint64_t{0} : (uint64_t{1} << end_bit) - 1) >> begin_bit << begin_bit;
    uint64_t* from = keys.Current();
    uint64_t* to = keys.buffers[1 - keys.selector];
    fake::Submit(stream, [=] {
      std::vector<uint64_t> sorted(from, from + count);
      std::stable_sort(sorted.begin(), sorted.end(),
                       [mask](uint64_t a, uint64_t b) { return (a & mask) < (b & mask); });
      std::copy(sorted.begin(), sorted.end(), to);
      std::fill(from, from + count, ~uint64_t{0});
    });
    keys.selector = 1 - keys.selector;
    return cudaSuccess;
  }
};

}  // namespace cub
