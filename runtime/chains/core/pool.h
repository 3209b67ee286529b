// Pooled memory for what every call allocates: coroutine frames and call objects.
//
// A block that is freed goes to a list of its thread and size, and serves the next of that size:
// a few instructions instead of malloc and free (an echo makes a dozen such blocks). A thread keeps
// at most kMaxPooledBytes; the rest goes back. Sanitizers and valgrind see plain new and delete.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace chains::internal {

inline constexpr size_t kMaxPooledBytes = 4 * 1024 * 1024;

// What a thread keeps, by size: constant-initialized and trivially destroyed, so usable from its
// first to its last moment.
struct FreeBlock {
  FreeBlock* next;
};
struct FreeLists {
  static constexpr size_t kStep = 64;
  static constexpr size_t kLargest = 4096;  // larger blocks are rare and not pooled
  // Of no bytes: the largest number.
  static constexpr size_t IndexOf(size_t size) { return (size - 1) / kStep; }

  std::array<FreeBlock*, kLargest / kStep> by_size{};
  size_t bytes = 0;
  bool keeps = false;   // what is freed; as long as the thread is sure to give it back
  bool closed = false;  // nothing is kept any more
};
extern constinit thread_local FreeLists free_lists;

// What the lists do not serve.
void* AllocateNew(size_t size);
void KeepFirstOrDelete(void* block, size_t size) noexcept;

// Never null; aligned as operator new aligns. Any thread may free what another allocated. Inline,
// because of a frame the size is known: 15 instructions instead of 32 for both.
inline void* AllocatePooled(size_t size) {
  const size_t index = FreeLists::IndexOf(size);
  const bool fits = index < free_lists.by_size.size();
  if (!fits || free_lists.by_size[index] == nullptr) return AllocateNew(size);
  free_lists.bytes -= (index + 1) * FreeLists::kStep;
  return std::exchange(free_lists.by_size[index], free_lists.by_size[index]->next);
}
// `size` is what it was allocated with.
inline void FreePooled(void* block, size_t size) noexcept {
  const size_t index = FreeLists::IndexOf(size);
  const bool fits = index < free_lists.by_size.size() &&
                    free_lists.bytes <= kMaxPooledBytes - FreeLists::kLargest;
  if (!fits || !free_lists.keeps) return KeepFirstOrDelete(block, size);
  free_lists.bytes += (index + 1) * FreeLists::kStep;
  free_lists.by_size[index] = new (block) FreeBlock{free_lists.by_size[index]};
}
// What the calling thread keeps for later.
inline size_t PooledBytes() noexcept { return free_lists.bytes; }

// What a coroutine's promise derives from, so that its frame is pooled.
class PooledFrame {
 public:
  static void* operator new(size_t size) { return AllocatePooled(size); }
  static void operator delete(void* frame, size_t size) noexcept { FreePooled(frame, size); }
};

template <typename T>
class PoolAllocator {
 public:
  using value_type = T;
  PoolAllocator() = default;
  template <typename U>
  PoolAllocator(const PoolAllocator<U>&) {}  // NOLINT(google-explicit-constructor): an allocator
  T* allocate(size_t count) { return static_cast<T*>(AllocatePooled(count * sizeof(T))); }
  void deallocate(T* block, size_t count) noexcept { FreePooled(block, count * sizeof(T)); }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

// std::make_shared from the pool.
template <typename T, typename... Arguments>
std::shared_ptr<T> MakePooled(Arguments&&... arguments) {
  return std::allocate_shared<T>(PoolAllocator<T>(), std::forward<Arguments>(arguments)...);
}

}  // namespace chains::internal
