// Pooled memory for what every call allocates: coroutine frames and call objects.
//
// A block that is freed goes to a list of its thread and size, and serves the next of that size:
// a few instructions instead of malloc and free (an echo makes a dozen such blocks). A thread keeps
// at most kMaxPooledBytes; the rest goes back. Sanitizers and valgrind see plain new and delete.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace chains::internal {

inline constexpr size_t kMaxPooledBytes = 4 * 1024 * 1024;

// Never null; aligned as operator new aligns. Any thread may free what another allocated.
void* AllocatePooled(size_t size);
// `size` is what it was allocated with.
void FreePooled(void* block, size_t size) noexcept;
// What the calling thread keeps for later.
size_t PooledBytes() noexcept;

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
