// Sampler: draws the next token from logits, as Sampling in backend.h says.
//
//   Sampler sampler(vocab);
//   const int32_t next = sampler.Draw(sampling, logits);
//
// The same logits and the same Sampling give the same token, always. Tokens are put in order only
// as far as the draw gets, mostly the first few dozen.
#pragma once

#include <cstdint>
#include <vector>

#include "phi/backend.h"

namespace poems::phi {

// Allocates once. For one thread at a time.
class Sampler {
 public:
  explicit Sampler(int32_t vocab);

  // `logits` has vocab numbers; the sampling keeps to its contract (CheckSampling). -1 when one of
  // them is not finite: then no token means anything.
  int32_t Draw(const Sampling& sampling, const float* logits);

 private:
  struct Candidate {
    float logit;
    int32_t token;
    float probability;  // times what all sum to
  };

  bool Collect(const Sampling& sampling, const float* logits);
  void KeepLargest(int32_t count);
  double Weigh(float temperature);
  void SortTo(size_t count);
  size_t CountOf(float top_p, double total, double& kept);

  const int32_t vocab_;
  std::vector<Candidate> candidates_;
  size_t sorted_ = 0;  // so many of them are the first in order
};

// Whether the numbers are such that Draw() means something: what is wrong with them, or null.
const char* ProblemOf(const Sampling& sampling, int32_t vocab);

}  // namespace poems::phi
