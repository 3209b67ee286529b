// Cutter: where to cut a recording that comes bit by bit: at the quietest point near each boundary,
// so that no word is cut.
//
//   Cutter cutter({.size = 5 * kSampleRate, .window = 5 * kSampleRate / 2, .smoothing = 1600});
//   cutter.Add(samples);
//   while (std::optional<Piece> piece = cutter.Next()) …
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "audio.h"

namespace transcribe {

// All in samples, and at least 1 but for `reach_back`.
struct CutOptions {
  size_t size = 5 * size_t{kSampleRate};  // the longest piece, without what it reaches back
  size_t window = size / 2;               // how far before that a cut may lie; less than `size`
  size_t smoothing = 1600;  // loudness at a point is the mean amplitude of so many around
  size_t reach_back = 0;    // how much of the piece before each piece repeats
};

// Samples of a recording.
struct Piece {
  uint64_t begin = 0;  // what it repeats included
  Samples samples;

  uint64_t end() const { return begin + samples.size(); }
};

// The quietest point of [begin, end), not empty, of `samples`. Of equally quiet ones in a row the
// middle one: as far as can be from what is loud.
size_t QuietestPoint(std::span<const int16_t> samples, size_t begin, size_t end, size_t smoothing);

// The pieces cover the recording, in order; none is empty but for what it repeats. It holds a piece
// and what was added behind it.
class Cutter {
 public:
  // The first sample that is added is the recording's `begin`-th.
  explicit Cutter(CutOptions options, uint64_t begin = 0)
      : options_(options), cut_(begin), held_from_(begin) {}

  void Add(std::span<const int16_t> samples) {
    held_.insert(held_.end(), samples.begin(), samples.end());
  }
  // No more are added.
  void End() { ended_ = true; }

  // The next piece, as soon as it is known where it ends; once the recording has ended, all of
  // them.
  std::optional<Piece> Next();

 private:
  std::optional<size_t> FindEnd(size_t begin) const;

  const CutOptions options_;
  uint64_t cut_;        // where the next piece begins, without what it repeats
  uint64_t held_from_;  // where held_ begins
  Samples held_;
  bool ended_ = false;
};

}  // namespace transcribe
