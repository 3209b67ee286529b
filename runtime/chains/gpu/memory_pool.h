// MemoryPool: memory of one kind that is kept for the next who asks, within a bound.
//
//   absl::StatusOr<MemoryPool::Block> block = pool.Take(1 << 20);
//   …
//   pool.Give(*block);
//
// Allocating on a device takes milliseconds and waits for all of its work; so what was given back
// is kept, by size, and freed only where another size needs the room.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace chains::gpu {

// For one thread.
class MemoryPool {
 public:
  struct Block {
    void* memory = nullptr;
    int64_t bytes = 0;  // of the block: at least what was asked for
  };
  struct Source {
    absl::AnyInvocable<absl::StatusOr<void*>(int64_t bytes)> allocate;
    absl::AnyInvocable<void(void* memory)> free;
  };

  // `name` is for messages: "device memory". `used` and `kept` are counted up and down.
  MemoryPool(std::string name, int64_t limit, Source source, std::atomic<int64_t>& used,
             std::atomic<int64_t>& kept);
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  // Frees what is kept. What was taken and not given back is its taker's.
  ~MemoryPool();

  // RESOURCE_EXHAUSTED: it would take more than the limit, or than there is. INVALID_ARGUMENT: not
  // at least one byte.
  absl::StatusOr<Block> Take(int64_t bytes);
  void Give(Block block);
  void FreeKept() { FreeUntil(0); }

  int64_t used() const { return used_; }
  int64_t kept() const { return kept_; }
  int64_t limit() const { return limit_; }

  // What a block for so many bytes has: steps of a quarter between powers of two, 256 at least.
  static int64_t SizeFor(int64_t bytes);

 private:
  absl::StatusOr<void*> Allocate(int64_t size);
  void FreeUntil(int64_t room);

  const std::string name_;
  const int64_t limit_;
  Source source_;
  std::atomic<int64_t>& used_count_;
  std::atomic<int64_t>& kept_count_;
  int64_t used_ = 0;
  int64_t kept_ = 0;
  std::multimap<int64_t, void*> free_;  // by size
};

}  // namespace chains::gpu
