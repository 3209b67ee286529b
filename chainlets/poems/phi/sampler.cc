#include "phi/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace poems::phi {
namespace {

constexpr auto kBefore = [](const auto& a, const auto& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
};

}  // namespace

Sampler::Sampler(int32_t vocab) : vocab_(vocab) { candidates_.reserve(static_cast<size_t>(vocab)); }

int32_t Sampler::Draw(const Sampling& sampling, const float* logits) {
  if (!Collect(sampling, logits)) return -1;
  const auto largest = std::min_element(candidates_.begin(), candidates_.end(), kBefore);
  if (sampling.temperature == 0) return largest->token;
  std::swap(candidates_.front(), *largest);
  sorted_ = 1;
  KeepLargest(sampling.top_k);
  double kept = Weigh(sampling.temperature);
  const size_t count =
      sampling.top_p < 1 ? CountOf(sampling.top_p, kept, kept) : candidates_.size();
  const double drawn = static_cast<double>(sampling.uniform) * kept;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    SortTo(i + 1);
    sum += candidates_[i].probability;
    if (sum > drawn) return candidates_[i].token;
  }
  return candidates_[count - 1].token;  // rounding kept the sum from getting there
}

bool Sampler::Collect(const Sampling& sampling, const float* logits) {
  candidates_.clear();
  bool finite = true;
  for (int32_t token = 0; token < vocab_; ++token) {
    finite = finite && std::isfinite(logits[token]);
    candidates_.push_back({.logit = logits[token], .token = token, .probability = 0});
  }
  for (int32_t i = 0; i < sampling.seen_count; ++i) {
    float& logit = candidates_[static_cast<size_t>(sampling.seen[i])].logit;
    logit = logit > 0 ? logit / sampling.repetition_penalty : logit * sampling.repetition_penalty;
    constexpr float kLargest = std::numeric_limits<float>::max();
    logit = std::clamp(logit, -kLargest, kLargest);
  }
  return finite;
}

void Sampler::KeepLargest(int32_t count) {
  if (count == 0 || count >= vocab_) return;
  std::nth_element(candidates_.begin(), candidates_.begin() + count - 1, candidates_.end(),
                   kBefore);
  candidates_.resize(static_cast<size_t>(count));
  std::sort(candidates_.begin(), candidates_.end(), kBefore);
  sorted_ = candidates_.size();
}

// Fills in probabilities; their sum.
double Sampler::Weigh(float temperature) {
  const float largest = candidates_.front().logit;
  double total = 0;
  for (Candidate& candidate : candidates_) {
    candidate.probability = std::exp((candidate.logit - largest) / temperature);
    total += candidate.probability;
  }
  return total;
}

// Puts the first `count` into order, and with them some that may be asked for next.
void Sampler::SortTo(size_t count) {
  if (count <= sorted_) return;
  const size_t end = std::min(candidates_.size(), std::max<size_t>(64, 4 * sorted_));
  const auto begin = candidates_.begin() + static_cast<ptrdiff_t>(sorted_);
  const auto middle = candidates_.begin() + static_cast<ptrdiff_t>(end);
  if (middle != candidates_.end()) std::nth_element(begin, middle, candidates_.end(), kBefore);
  std::sort(begin, middle, kBefore);
  sorted_ = end;
}

// The fewest whose probabilities sum to top_p of all, and what theirs sum to.
size_t Sampler::CountOf(float top_p, double total, double& kept) {
  const double wanted = static_cast<double>(top_p) * total;
  double sum = 0;
  size_t count = 0;
  while (count < candidates_.size() && (count == 0 || sum < wanted)) {
    SortTo(count + 1);
    sum += candidates_[count++].probability;
  }
  kept = sum;
  return count;
}

const char* ProblemOf(const Sampling& sampling, int32_t vocab) {
  const auto positive = [](float value) { return std::isfinite(value) && value > 0; };
  if (sampling.temperature != 0 && !positive(sampling.temperature)) {
    return "temperature must be 0 or more";
  }
  if (sampling.top_k < 0) return "top_k must be 0 or more";
  if (!positive(sampling.top_p) || sampling.top_p > 1) return "top_p must be over 0 and at most 1";
  if (!positive(sampling.repetition_penalty)) return "repetition_penalty must be over 0";
  if (!(sampling.uniform >= 0 && sampling.uniform < 1)) return "uniform must be in [0, 1)";
  if (sampling.seen_count < 0 || (sampling.seen_count > 0 && sampling.seen == nullptr)) {
    return "seen has no tokens";
  }
  const auto inside = [vocab](int32_t token) { return token >= 0 && token < vocab; };
  if (!std::all_of(sampling.seen, sampling.seen + sampling.seen_count, inside)) {
    return "seen has a token outside the vocabulary";
  }
  return nullptr;
}

}  // namespace poems::phi
