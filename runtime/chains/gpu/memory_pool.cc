#include "chains/gpu/memory_pool.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "chains/core/text.h"

namespace chains::gpu {
namespace {

constexpr int64_t kSmallest = 256;
constexpr int64_t kLargest = int64_t{1}
                             << 50;  // what sums of it stay far from the largest number with

}  // namespace

MemoryPool::MemoryPool(std::string name, int64_t limit, Source source, std::atomic<int64_t>& used,
                       std::atomic<int64_t>& kept)
    : name_(std::move(name)),
      limit_(std::min(limit, kLargest)),
      source_(std::move(source)),
      used_count_(used),
      kept_count_(kept) {}

MemoryPool::~MemoryPool() {
  FreeUntil(0);
  used_count_ -= used_;
}

int64_t MemoryPool::SizeFor(int64_t bytes) {
  if (bytes <= kSmallest) return kSmallest;
  const auto power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(bytes - 1)));
  const int64_t step = std::max(power / 4, kSmallest);
  return (bytes + step - 1) / step * step;
}

absl::StatusOr<MemoryPool::Block> MemoryPool::Take(int64_t bytes) {
  if (bytes < 1) return absl::InvalidArgumentError(Text(bytes, " bytes of ", name_, " wanted"));
  const int64_t size = bytes > kLargest ? bytes : SizeFor(bytes);
  if (const auto kept = free_.find(size); kept != free_.end()) {
    Block block = {.memory = kept->second, .bytes = size};
    free_.erase(kept);
    kept_ -= size;
    kept_count_ -= size;
    used_ += size;
    used_count_ += size;
    return block;
  }
  if (size > limit_ - used_) {
    return absl::ResourceExhaustedError(Text(bytes, " bytes of ", name_, " wanted, and of ", limit_,
                                             " (its bound in WorkerOptions) ", used_,
                                             " are in use"));
  }
  FreeUntil(limit_ - used_ - size);
  absl::StatusOr<void*> memory = Allocate(size);
  if (!memory.ok()) return memory.status();
  used_ += size;
  used_count_ += size;
  return Block{.memory = *memory, .bytes = size};
}

// Others may have what the bound allows; what is kept here is the first to go.
absl::StatusOr<void*> MemoryPool::Allocate(int64_t size) {
  absl::StatusOr<void*> memory = source_.allocate(size);
  if (memory.ok() || free_.empty() || !absl::IsResourceExhausted(memory.status())) return memory;
  FreeUntil(0);
  return source_.allocate(size);
}

void MemoryPool::Give(Block block) {
  used_ -= block.bytes;
  used_count_ -= block.bytes;
  kept_ += block.bytes;
  kept_count_ += block.bytes;
  free_.emplace(block.bytes, block.memory);
}

// The largest first: fewest calls.
void MemoryPool::FreeUntil(int64_t room) {
  while (kept_ > room && !free_.empty()) {
    const auto largest = std::prev(free_.end());
    source_.free(largest->second);
    kept_ -= largest->first;
    kept_count_ -= largest->first;
    free_.erase(largest);
  }
}

}  // namespace chains::gpu
