#include "chains/core/pool.h"

#include <array>
#include <new>

#ifndef CHAINS_PLAIN_MEMORY  // the valgrind preset defines it
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHAINS_PLAIN_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CHAINS_PLAIN_MEMORY 1
#endif
#endif
#endif

namespace chains::internal {

#ifdef CHAINS_PLAIN_MEMORY

void* AllocatePooled(size_t size) { return ::operator new(size); }
void FreePooled(void* block, size_t) noexcept { ::operator delete(block); }
size_t PooledBytes() noexcept { return 0; }

#else

namespace {

constexpr size_t kStep = 64;
constexpr size_t kLargest = 4096;  // larger blocks are rare and not pooled

struct FreeBlock {
  FreeBlock* next;
};

// Constant-initialized and trivially destroyed: usable from a thread's first to its last moment.
struct FreeLists {
  std::array<FreeBlock*, kLargest / kStep> by_size{};
  size_t bytes = 0;
  bool keeps = false;   // a Cleaner stands ready
  bool closed = false;  // it ran; nothing is kept any more
};
constinit thread_local FreeLists lists;

// Gives back what the thread kept when it ends.
class Cleaner {
 public:
  Cleaner() { lists.keeps = true; }
  Cleaner(const Cleaner&) = delete;
  ~Cleaner() {
    lists.keeps = false;
    lists.closed = true;
    for (FreeBlock*& first : lists.by_size) {
      while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    }
    lists.bytes = 0;
  }
};

void Keep(void* block, size_t index) {
  lists.bytes += (index + 1) * kStep;
  lists.by_size[index] = new (block) FreeBlock{lists.by_size[index]};
}

// The first block of a thread, and what is not kept; apart, so that the usual way saves no
// registers: 8 of its 27 instructions.
[[gnu::noinline, gnu::cold]] void KeepFirstOrDelete(void* block, size_t size) {
  if (lists.keeps || lists.closed || size == 0 || size > kLargest) return ::operator delete(block);
  static thread_local const Cleaner cleaner;
  static_cast<void>(cleaner);
  Keep(block, (size - 1) / kStep);
}

}  // namespace

void* AllocatePooled(size_t size) {
  if (size == 0 || size > kLargest) return ::operator new(size);
  const size_t index = (size - 1) / kStep;
  FreeBlock*& first = lists.by_size[index];
  if (first == nullptr) return ::operator new((index + 1) * kStep);
  lists.bytes -= (index + 1) * kStep;
  return std::exchange(first, first->next);
}

void FreePooled(void* block, size_t size) noexcept {
  const size_t index = (size - 1) / kStep;  // of no bytes: the largest number
  const bool fits = index < lists.by_size.size() && lists.bytes <= kMaxPooledBytes - kLargest;
  if (!fits || !lists.keeps) return KeepFirstOrDelete(block, size);
  Keep(block, index);
}

size_t PooledBytes() noexcept { return lists.bytes; }

#endif

}  // namespace chains::internal
