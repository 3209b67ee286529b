// Threads of a block as contexts of one thread, which change at barriers.
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <ucontext.h>
#include <vector>

#include "fake_device.h"

namespace fake {
namespace {

constexpr size_t kStackBytes = 64 << 10;
constexpr int kWarp = 32;

// Those who have come; the last lets all go.
struct Barrier {
  int came = 0;
  uint64_t round = 0;
};

struct Fiber {
  ucontext_t context = {};
  jmp_buf where = {};
  std::vector<char> stack = std::vector<char>(kStackBytes);
  bool begun = false;
  bool done = false;
  Place place;
};

struct Block {
  std::vector<std::unique_ptr<Fiber>> fibers;
  int count = 0;
  int live = 0;
  int current = 0;
  jmp_buf scheduler = {};
  Barrier all;
  std::vector<Barrier> warps;
  std::vector<uint64_t> values;
  const std::function<void()>* thread = nullptr;
  void* shared = nullptr;
};

Block block;

Fiber& Current() { return *block.fibers[static_cast<size_t>(block.current)]; }

void Yield() {
  if (_setjmp(Current().where) == 0) _longjmp(block.scheduler, 1);
}

// A fiber serves one thread after the other, block after block.
void Serve() {
  for (;;) {
    (*block.thread)();
    Current().done = true;
    --block.live;
    Yield();
  }
}

void Resume(int index) {
  block.current = index;
  Fiber& fiber = Current();
  if (_setjmp(block.scheduler) != 0) return;
  if (fiber.begun) _longjmp(fiber.where, 1);
  fiber.begun = true;
  setcontext(&fiber.context);
}

// By itself: the compiler takes getcontext() for a function that returns twice.
void MakeContext(Fiber& fiber) {
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.data();
  fiber.context.uc_stack.ss_size = fiber.stack.size();
  makecontext(&fiber.context, Serve, 0);
}

void Prepare(int count) {
  while (static_cast<int>(block.fibers.size()) < count) {
    block.fibers.push_back(std::make_unique<Fiber>());
    MakeContext(*block.fibers.back());
  }
}

void Wait(Barrier& barrier, int count) {
  const uint64_t round = barrier.round;
  if (++barrier.came == count) {
    barrier.came = 0;
    ++barrier.round;
    return;
  }
  while (barrier.round == round) Yield();
}

// Every fiber in turn, until all are done. Forwards or backwards, so that what is not ordered by a
// barrier is seen in both orders.
void RunBlock(bool backwards) {
  block.live = block.count;
  int64_t turns = 0;
  while (block.live > 0) {
    if (++turns > 10'000'000) std::abort();  // a barrier that not all threads come to
    for (int i = 0; i < block.count; ++i) {
      const int index = backwards ? block.count - 1 - i : i;
      if (!block.fibers[static_cast<size_t>(index)]->done) Resume(index);
    }
  }
}

}  // namespace

const Place& here() { return Current().place; }
void* SharedMemory() { return block.shared; }
void BlockBarrier() { Wait(block.all, block.live); }
void WarpBarrier() { Wait(block.warps[static_cast<size_t>(block.current / kWarp)], kWarp); }

uint64_t Exchange(uint64_t mine, int index) {
  const int first = block.current / kWarp * kWarp;
  block.values[static_cast<size_t>(block.current)] = mine;
  WarpBarrier();
  const uint64_t theirs = block.values[static_cast<size_t>(first + index)];
  WarpBarrier();
  return theirs;
}

void RunGrid(dim3 blocks, int threads, int64_t shared_bytes, const std::function<void()>& thread) {
  static bool backwards = false;
  backwards = !backwards;
  Prepare(threads);
  block.count = threads;
  block.thread = &thread;
  block.warps.assign(static_cast<size_t>(threads / kWarp), {});
  block.values.assign(static_cast<size_t>(threads), 0);
  block.all = {};
  const auto bytes = static_cast<size_t>(shared_bytes);
  const std::unique_ptr<void, void (*)(void*)> shared(std::aligned_alloc(16, (bytes + 31) / 16 * 16),
                                                      std::free);
  block.shared = shared.get();
  for (unsigned y = 0; y < blocks.y; ++y) {
    for (unsigned x = 0; x < blocks.x; ++x) {
      std::memset(block.shared, 0xff, bytes);
      for (int i = 0; i < threads; ++i) {
        Fiber& fiber = *block.fibers[static_cast<size_t>(i)];
        fiber.done = false;
        fiber.place = {{static_cast<unsigned>(i), 0, 0}, {x, y, 0}, dim3(static_cast<unsigned>(threads)), blocks};
      }
      RunBlock(backwards);
    }
  }
}

}  // namespace fake
