#include "tests/bench/model/bandwidth.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <sys/mman.h>
#include <thread>

namespace bench {
namespace {

constexpr size_t kPiece = size_t{1} << 16;  // words that a thread takes at a time

// Several sums, so that reading waits for none of them.
uint64_t SumOf(const uint64_t* words, size_t count) {
  uint64_t sums[16] = {};
  for (size_t i = 0; i < count; i += 16) {
    for (size_t lane = 0; lane < 16; ++lane) sums[lane] += words[i + lane];
  }
  uint64_t sum = 0;
  for (const uint64_t each : sums) sum += each;
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
