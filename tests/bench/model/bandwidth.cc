#include "tests/bench/model/bandwidth.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <sys/mman.h>
#include <thread>

namespace bench {
namespace {

constexpr size_t kPiece = size_t{1} << 16;  // words that a thread takes at a time

// A register of the widest kind, or as many of another.
using Wide [[gnu::vector_size(64), gnu::may_alias]] = uint64_t;

// Several sums, so that reading waits for none of them.
[[gnu::target_clones("avx512f", "avx2", "default")]] uint64_t SumOf(const uint64_t* words,
                                                                    size_t count) {
  const auto* wide = reinterpret_cast<const Wide*>(words);
  Wide sums[4] = {};
  for (size_t i = 0; i < count / 8; i += 4) {
    for (size_t part = 0; part < 4; ++part) sums[part] += wide[i + part];
  }
  const Wide all = sums[0] + sums[1] + sums[2] + sums[3];
  uint64_t sum = 0;
  for (size_t i = 0; i < 8; ++i) sum += all[i];
  return sum;
}

}  // namespace

Bandwidth::Bandwidth(size_t bytes, int threads)
    : words_(bytes / sizeof(uint64_t) / kPiece * kPiece), threads_(threads) {
  void* memory = mmap(nullptr, words_ * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  madvise(memory, words_ * sizeof(uint64_t), MADV_HUGEPAGE);
  data_ = static_cast<uint64_t*>(memory);
  for (size_t i = 0; i < words_; ++i) data_[i] = i;
}

Bandwidth::~Bandwidth() { munmap(data_, words_ * sizeof(uint64_t)); }

double Bandwidth::Measure() {
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> sum = 0;
  const auto read = [&] {
    uint64_t own = 0;
    for (size_t begin = next.fetch_add(kPiece); begin < words_; begin = next.fetch_add(kPiece)) {
      own += SumOf(data_ + begin, kPiece);
    }
    sum += own;
  };
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (int i = 1; i < threads_; ++i) others.emplace_back(read);
  read();
  for (std::thread& other : others) other.join();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  if (sum != words_ * (words_ - 1) / 2) std::abort();  // 0, 1, 2, … were written
  return static_cast<double>(words_ * sizeof(uint64_t)) / taken.count();
}

}  // namespace bench
