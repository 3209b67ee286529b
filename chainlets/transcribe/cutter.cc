#include "cutter.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace transcribe {
namespace {

// Answers how loud a stretch is around a point, in constant time.
class Loudness {
 public:
  Loudness(std::span<const int16_t> samples, size_t smoothing) : half_(smoothing / 2) {
    sums_.reserve(samples.size() + 1);
    sums_.push_back(0);
    for (int16_t sample : samples) {
      sums_.push_back(sums_.back() + static_cast<uint64_t>(std::abs(int{sample})));
    }
  }

  double At(size_t point) const {
    const size_t begin = point - std::min(point, half_);
    const size_t end = std::min(point + half_ + 1, sums_.size() - 1);
    return static_cast<double>(sums_[end] - sums_[begin]) / static_cast<double>(end - begin);
  }

 private:
  size_t half_;
  std::vector<uint64_t> sums_;  // sums_[i]: of the amplitudes of the first i samples
};

}  // namespace

size_t QuietestPoint(std::span<const int16_t> samples, size_t begin, size_t end, size_t smoothing) {
  // What lies further away says nothing about these points.
  const size_t from = begin - std::min(begin, smoothing);
  const size_t to = std::min(samples.size(), end + smoothing);
  const Loudness loudness(samples.subspan(from, to - from), smoothing);
  size_t best = begin;
  size_t length = 1;
  double least = loudness.At(begin - from);
  for (size_t point = begin + 1; point < end; ++point) {
    const double here = loudness.At(point - from);
    if (here < least) {
      best = point;
      length = 1;
      least = here;
    } else if (here == least && point == best + length) {
      ++length;
    }
  }
  return best + length / 2;
}

std::optional<Piece> Cutter::Next() {
  const auto begin = static_cast<size_t>(cut_ - held_from_);
  const std::optional<size_t> end = FindEnd(begin);
  if (!end.has_value()) return std::nullopt;
  Piece piece;
  piece.begin = held_from_;
  piece.samples.assign(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(*end));
  cut_ = held_from_ + *end;
  const size_t keep_from = *end - std::min(*end, options_.reach_back);
  held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(keep_from));
  held_from_ += keep_from;
  return piece;
}

// Where the piece ends that begins at `begin` of what is held; nullopt: there is none, or not yet.
std::optional<size_t> Cutter::FindEnd(size_t begin) const {
  const size_t rest = held_.size() - begin;
  if (rest <= options_.size) {
    if (!ended_ || rest == 0) return std::nullopt;
    return held_.size();
  }
  if (!ended_ && rest < options_.size + options_.smoothing / 2 + 1) return std::nullopt;
  const size_t last = begin + options_.size;
  return QuietestPoint(held_, last - std::min(options_.window, options_.size - 1), last + 1,
                       options_.smoothing);
}

}  // namespace transcribe
