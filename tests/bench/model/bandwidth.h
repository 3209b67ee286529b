// How fast this machine's memory can be read: what a step of one token cannot go below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

// A buffer larger than caches, and threads that read all of it together. One thread at a time.
class Bandwidth {
 public:
  Bandwidth(size_t bytes, int threads);
  ~Bandwidth();
  Bandwidth(const Bandwidth&) = delete;
  Bandwidth& operator=(const Bandwidth&) = delete;

  // Bytes a second, of one reading.
  double Measure();

 private:
  const size_t words_;
  const int threads_;
  uint64_t* data_;
};

}  // namespace bench
