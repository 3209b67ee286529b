// Where to cut a recording: at the quietest point near each boundary, so that no word is cut.
//
//   for (Chunk chunk : Split(samples, SplitOptions())) …
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "audio.h"

namespace transcribe {

// Samples [begin, end) of a recording.
struct Chunk {
  size_t begin = 0;
  size_t end = 0;

  size_t size() const { return end - begin; }
  friend bool operator==(const Chunk&, const Chunk&) = default;
};

// All in samples. `micro_size`, `macro_size` and `smoothing` are at least 1; `macro_overlap` is
// less than half of `macro_size`.
struct SplitOptions {
  // The longest stretch that is split as one, and by how much each reaches back into the one
  // before; what is said there appears twice.
  size_t macro_size = 300 * size_t{kSampleRate};
  size_t macro_overlap = 0;
  // The longest chunk.
  size_t micro_size = 5 * size_t{kSampleRate};
  // Loudness at a point is the mean amplitude of this many samples around it.
  size_t smoothing = 1600;
};

// Each cut lies at the quietest point of the second half of the longest chunk that may follow the
// cut before. The chunks cover the recording, in order, and none is empty.
std::vector<Chunk> Split(std::span<const int16_t> samples, const SplitOptions& options);

}  // namespace transcribe
