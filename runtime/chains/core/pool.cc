#include "chains/core/pool.h"

#include <new>
#include <utility>

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

constinit thread_local FreeLists free_lists;

#ifdef CHAINS_PLAIN_MEMORY  // the lists stay empty

void* AllocateNew(size_t size) { return ::operator new(size); }
void KeepFirstOrDelete(void* block, size_t) noexcept { ::operator delete(block); }

#else

namespace {

// Gives back what the thread kept when it ends.
class Cleaner {
 public:
  Cleaner() { free_lists.keeps = true; }
  Cleaner(const Cleaner&) = delete;
  ~Cleaner() {
    free_lists.keeps = false;
    free_lists.closed = true;
    for (FreeBlock*& first : free_lists.by_size) {
      while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    }
    free_lists.bytes = 0;
  }
};

}  // namespace

// A block that will be pooled is as large as all of its list.
void* AllocateNew(size_t size) {
  if (size == 0 || size > FreeLists::kLargest) return ::operator new(size);
  return ::operator new((FreeLists::IndexOf(size) + 1) * FreeLists::kStep);
}

// The first block of a thread, and what is not kept.
void KeepFirstOrDelete(void* block, size_t size) noexcept {
  const bool pooled = size > 0 && size <= FreeLists::kLargest;
  if (free_lists.keeps || free_lists.closed || !pooled) return ::operator delete(block);
  static thread_local const Cleaner cleaner;
  static_cast<void>(cleaner);
  FreePooled(block, size);
}

#endif

}  // namespace chains::internal
