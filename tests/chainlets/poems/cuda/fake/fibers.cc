// Threads of a block as contexts of one thread, which change at barriers.
#include <cstdlib>
#include <cstring>
#include <memory>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif
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

// Where a stack goes on. Threads change some ten million times in these tests, and swapcontext()
// makes two calls of the system each time, so where we know how, we change stacks ourselves.
#if defined(__x86_64__)
using Point = void*;
extern "C" void FakeSwitch(Point* from, Point to);
asm(R"(
.pushsection .text
.type FakeSwitch, @function
FakeSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size FakeSwitch, . - FakeSwitch
.popsection
)");
void Switch(Point& from, Point& to) { FakeSwitch(&from, to); }
// As a stack looks that was left by FakeSwitch: six registers, then where to return to.
void Begin(Point& point, std::vector<char>& stack, void (*function)()) {
  auto* top =
      reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(stack.data() + stack.size()) / 64 * 64);
  top[-2] = reinterpret_cast<void*>(function);
  point = top - 8;
}
#else
using Point = ucontext_t;
void Switch(Point& from, Point& to) { swapcontext(&from, &to); }
void Begin(Point& point, std::vector<char>& stack, void (*function)()) {
  getcontext(&point);
  point.uc_stack.ss_sp = stack.data();
  point.uc_stack.ss_size = stack.size();
  makecontext(&point, function, 0);
}
#endif

struct Fiber {
  Point where = {};
  std::vector<char> stack = std::vector<char>(kStackBytes);
  bool done = false;
  const Barrier* barrier = nullptr;  // where it waits, until its round is over
  uint64_t round = 0;
  uint64_t exchanges = 0;
  Place place;

  bool Waits() const { return barrier != nullptr && barrier->round == round; }
};

struct Block {
  std::vector<std::unique_ptr<Fiber>> fibers;
  int count = 0;
  int live = 0;
  int current = 0;
  Point scheduler = {};
  Barrier all;
  std::vector<Barrier> warps;
  std::vector<uint64_t> values[2];
  const std::function<void()>* thread = nullptr;
  void* shared = nullptr;
};

Block block;

Fiber& Current() { return *block.fibers[static_cast<size_t>(block.current)]; }

void Yield() { Switch(Current().where, block.scheduler); }

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
  Switch(block.scheduler, Current().where);
}

void Prepare(int count) {
  while (static_cast<int>(block.fibers.size()) < count) {
    block.fibers.push_back(std::make_unique<Fiber>());
    Begin(block.fibers.back()->where, block.fibers.back()->stack, Serve);
  }
}

void Wait(Barrier& barrier, int count) {
  if (++barrier.came == count) {
    barrier.came = 0;
    ++barrier.round;
    return;
  }
  Current().barrier = &barrier;
  Current().round = barrier.round;
  Yield();
}

// Lets a warp's lanes run as far as they can. Whether any could.
bool RunWarp(int warp, bool backwards) {
  bool ran = false;
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < kWarp; ++i) {
      const int index = warp * kWarp + (backwards ? kWarp - 1 - i : i);
      const Fiber& fiber = *block.fibers[static_cast<size_t>(index)];
      if (fiber.done || fiber.Waits()) continue;
      Resume(index);
      again = true;
    }
    ran |= again;
  }
  return ran;
}

// Forwards or backwards, so that what is not ordered by a barrier is seen in both orders.
void RunBlock(bool backwards) {
  block.live = block.count;
  const int warps = block.count / kWarp;
  while (block.live > 0) {
    bool ran = false;
    for (int i = 0; i < warps; ++i) ran |= RunWarp(backwards ? warps - 1 - i : i, backwards);
    if (!ran) std::abort();  // a barrier that not all threads come to
  }
}

}  // namespace

const Place& here() { return Current().place; }
void* SharedMemory() { return block.shared; }
void BlockBarrier() { Wait(block.all, block.live); }
void WarpBarrier() { Wait(block.warps[static_cast<size_t>(block.current / kWarp)], kWarp); }

// Two places for each lane in turn: who is an exchange ahead does not write over what is still
// read.
uint64_t Exchange(uint64_t mine, int index) {
  std::vector<uint64_t>& values = block.values[Current().exchanges++ % 2];
  const int first = block.current / kWarp * kWarp;
  values[static_cast<size_t>(block.current)] = mine;
  WarpBarrier();
  return values[static_cast<size_t>(first + index)];
}

void RunGrid(dim3 blocks, int threads, int64_t shared_bytes, const std::function<void()>& thread) {
  static bool backwards = false;
  backwards = !backwards;
  Prepare(threads);
  block.count = threads;
  block.thread = &thread;
  block.warps.assign(static_cast<size_t>(threads / kWarp), {});
  for (auto& values : block.values) values.assign(static_cast<size_t>(threads), 0);
  block.all = {};
  const auto bytes = static_cast<size_t>(shared_bytes);
  const std::unique_ptr<void, void (*)(void*)> shared(
      std::aligned_alloc(16, (bytes + 31) / 16 * 16), std::free);
  block.shared = shared.get();
  for (unsigned y = 0; y < blocks.y; ++y) {
    for (unsigned x = 0; x < blocks.x; ++x) {
      std::memset(block.shared, 0xff, bytes);
      for (int i = 0; i < threads; ++i) {
        Fiber& fiber = *block.fibers[static_cast<size_t>(i)];
        fiber.done = false;
        fiber.barrier = nullptr;
        fiber.exchanges = 0;
        fiber.place = {{static_cast<unsigned>(i), 0, 0},
                       {x, y, 0},
                       dim3(static_cast<unsigned>(threads)),
                       blocks};
      }
      RunBlock(backwards);
    }
  }
}

}  // namespace fake
