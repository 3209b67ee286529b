#include "splitter.h"

#include <algorithm>
#include <cstdlib>

namespace transcribe {
namespace {

// Answers how loud a recording is around a point, in constant time.
class Loudness {
 public:
  Loudness(std::span<const int16_t> samples, size_t smoothing) : half_(smoothing / 2) {
    sums_.reserve(samples.size() + 1);
    sums_.push_back(0);
    for (int16_t sample : samples) {
      sums_.push_back(sums_.back() + static_cast<uint64_t>(std::abs(int{sample})));
    }
  }

  // The quietest point of [begin, end), not empty. Of equally quiet ones in a row the middle one:
  // as far as can be from what is loud.
  size_t Quietest(size_t begin, size_t end) const {
    size_t best = begin;
    size_t length = 1;
    double least = At(begin);
    for (size_t point = begin + 1; point < end; ++point) {
      const double loudness = At(point);
      if (loudness < least) {
        best = point;
        length = 1;
        least = loudness;
      } else if (loudness == least && point == best + length) {
        ++length;
      }
    }
    return best + length / 2;
  }

 private:
  double At(size_t point) const {
    const size_t begin = point - std::min(point, half_);
    const size_t end = std::min(point + half_ + 1, sums_.size() - 1);
    return static_cast<double>(sums_[end] - sums_[begin]) / static_cast<double>(end - begin);
  }

  size_t half_;
  std::vector<uint64_t> sums_;  // sums_[i]: of the amplitudes of the first i samples
};

// Where to end a chunk that begins at `begin` and has at most `size` samples of [begin, end).
size_t CutAfter(size_t begin, size_t end, size_t size, const Loudness& loudness) {
  if (end - begin <= size) return end;
  return loudness.Quietest(begin + (size + 1) / 2, begin + size + 1);
}

}  // namespace

std::vector<Chunk> Split(std::span<const int16_t> samples, const SplitOptions& options) {
  const Loudness loudness(samples, options.smoothing);
  std::vector<Chunk> chunks;
  size_t macro_end = 0;
  while (macro_end < samples.size()) {
    size_t begin = macro_end - std::min(macro_end, options.macro_overlap);
    macro_end = CutAfter(begin, samples.size(), options.macro_size, loudness);
    while (begin < macro_end) {
      const size_t end = CutAfter(begin, macro_end, options.micro_size, loudness);
      chunks.push_back({begin, end});
      begin = end;
    }
  }
  return chunks;
}

}  // namespace transcribe
