// MediaSource: the bytes of a recording, wherever they are.
//
//   MemorySource source(bytes);
//   absl::StatusOr<std::unique_ptr<MediaReader>> reader = MediaReader::Open(source, …);
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace transcribe {

// For one thread at a time; reads may block.
class MediaSource {
 public:
  virtual ~MediaSource() = default;

  // Fills `to`, which is not empty, from `offset` on, with at least a byte; answers how many. 0 at
  // the end, and behind it.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> to) = 0;
  // In bytes; does not change.
  virtual uint64_t size() const = 0;
};

// Bytes that outlive it.
class MemorySource final : public MediaSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> to) override {
    if (offset >= bytes_.size()) return 0;
    const size_t count = std::min<uint64_t>(to.size(), bytes_.size() - offset);
    std::memcpy(to.data(), bytes_.data() + offset, count);
    return count;
  }
  uint64_t size() const override { return bytes_.size(); }

 private:
  const std::string_view bytes_;
};

}  // namespace transcribe
