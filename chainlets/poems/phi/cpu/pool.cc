#include "phi/cpu/pool.h"

#include <chrono>

namespace poems::phi::cpu {
namespace {

constexpr int kNextBits = 24;
constexpr uint64_t kNextMask = (uint64_t{1} << kNextBits) - 1;

// A thread that sleeps takes about 50 µs to come back; the gaps within a step are shorter.
constexpr std::chrono::microseconds kLook{40};

void Relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// Whether `found` came true within kLook.
template <typename Found>
bool LookFor(Found found) {
  const auto end = std::chrono::steady_clock::now() + kLook;
  do {
    for (int i = 0; i < 16; ++i) {
      if (found()) return true;
      Relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

Pool::Pool(int threads) {
  for (int worker = 1; worker < threads; ++worker) {
    workers_.emplace_back([this, worker] { Work(worker); });
  }
}

Pool::~Pool() {
  ending_.store(true);
  wake_.fetch_add(1);
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Pool::For(int64_t items, absl::FunctionRef<void(int64_t, int)> work) {
  if (items <= 1 || workers_.empty()) {
    for (int64_t item = 0; item < items; ++item) work(item, 0);
    return;
  }
  work_ = &work;
  done_.store(0, std::memory_order_relaxed);
  const uint64_t round = (state_.load(std::memory_order_relaxed) >> 2 * kNextBits) + 1;
  state_.store(round << 2 * kNextBits | static_cast<uint64_t>(items) << kNextBits,
               std::memory_order_release);
  wake_.fetch_add(1);
  wake_.notify_all();
  TakeItems(0);
  const auto finished = [&] { return done_.load(std::memory_order_acquire) == items; };
  if (LookFor(finished)) return;
  for (int64_t done = done_.load(); done != items; done = done_.load()) done_.wait(done);
}

void Pool::TakeItems(int worker) {
  while (true) {
    const uint64_t taken = state_.fetch_add(1, std::memory_order_acq_rel);
    const auto item = static_cast<int64_t>(taken & kNextMask);
    const auto items = static_cast<int64_t>(taken >> kNextBits & kNextMask);
    if (item >= items) return;
    (*work_)(item, worker);
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == items) done_.notify_one();
  }
}

void Pool::Work(int worker) {
  uint32_t seen = 0;
  while (!ending_.load()) {
    const auto woken = [&] { return wake_.load(std::memory_order_acquire) != seen; };
    if (!LookFor(woken)) wake_.wait(seen);
    seen = wake_.load(std::memory_order_acquire);
    TakeItems(worker);
  }
}

}  // namespace poems::phi::cpu
