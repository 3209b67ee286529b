// ProcessFigures: what this process has used, as the kernel knows it.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace chains {

struct ProcessFigures {
  absl::Duration processor;  // of all its threads
  uint64_t resident_bytes = 0;
  uint64_t open_descriptors = 0;
};

// Reads /proc, in about 50 µs. What cannot be read stays 0.
ProcessFigures ReadProcessFigures();

// When the kernel started it, to 10 ms; `now` where that is not known.
absl::Time ProcessStart(absl::Time now);

}  // namespace chains
