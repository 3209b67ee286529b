// Pool: a few threads that share the items of a loop, many times a step.
//
//   Pool pool(2);
//   pool.For(chunks, [&](int64_t chunk, int worker) { … });
//
// Who takes an item is whoever is free, so a thread that the system stopped holds up one item only.
// That is no matter to results: an item writes its own outputs, and computes them alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"

namespace poems::phi::cpu {

// For() is called by one thread at a time; it works, too. Between two calls the others look for
// work for some microseconds, then they sleep. The destructor ends them.
class Pool {
 public:
  // `threads` is at least 1, with the caller's.
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls work(item, worker) once for every item of [0, items), with 0 <= worker < threads(); no
  // two at a time have the same worker. Returns after all of them. At most 2^23 items.
  void For(int64_t items, absl::FunctionRef<void(int64_t, int)> work);

 private:
  void Work(int worker);
  void TakeItems(int worker);

  // The round (16 bits), its items (24), the next of them (24): together, so that whoever takes an
  // item late knows of which round it is.
  std::atomic<uint64_t> state_ = 0;
  std::atomic<int64_t> done_ = 0;  // items of this round
  // Set before the round begins, until all of its items are done.
  const absl::FunctionRef<void(int64_t, int)>* work_ = nullptr;
  std::atomic<uint32_t> wake_ = 0;  // counts rounds, for those who sleep
  std::atomic<bool> ending_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace poems::phi::cpu
