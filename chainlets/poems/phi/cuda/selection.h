// Draws one of many by weights that fall, as Sampling in backend.h says; for processor and GPU.
//
//   double sums[kLanes];
//   for (int lane = 0; lane < kLanes; ++lane) sums[lane] = LaneSum(weights, count, lane);
//   const int32_t chosen = Select(weights, count, sums, top_p, uniform);
//
// Weights are cut into kLanes runs, which a GPU's threads sum at once. Sums are added in one fixed
// order, so the same weights give the same choice anywhere.
#pragma once

#include <cstdint>

namespace poems::phi::cuda {

inline constexpr int kLanes = 256;

constexpr int32_t LaneBegin(int32_t count, int lane) {
  const int32_t length = (count + kLanes - 1) / kLanes;
  const int64_t begin = int64_t{length} * lane;
  return begin < count ? static_cast<int32_t>(begin) : count;
}

constexpr double LaneSum(const float* weights, int32_t count, int lane) {
  double sum = 0;
  const int32_t end = LaneBegin(count, lane + 1);
  for (int32_t i = LaneBegin(count, lane); i < end; ++i) sum += static_cast<double>(weights[i]);
  return sum;
}

struct Reached {
  int32_t index = 0;
  double sum = 0;  // of the weights up to it and with it
};

// The first at which the sum is at least `target`, or above it; the last where none is.
constexpr Reached FirstReaching(const float* weights, int32_t count, const double* sums,
                                double target, bool above) {
  double before = 0;
  int lane = 0;
  for (; lane + 1 < kLanes && LaneBegin(count, lane + 1) < count; ++lane) {
    const double through = before + sums[lane];
    if (above ? through > target : through >= target) break;
    before = through;
  }
  double inside = 0;
  Reached reached;
  const int32_t end = LaneBegin(count, lane + 1);
  for (int32_t i = LaneBegin(count, lane); i < end; ++i) {
    inside += static_cast<double>(weights[i]);
    reached = {i, before + inside};
    if (above ? reached.sum > target : reached.sum >= target) break;
  }
  return reached;
}

// `count` is at least 1, top_k already applied; weights fall and need not sum to 1.
constexpr int32_t Select(const float* weights, int32_t count, const double* sums, float top_p,
                         float uniform) {
  double total = 0;
  for (int lane = 0; lane < kLanes; ++lane) total += sums[lane];
  double kept = total;
  if (top_p < 1) {
    const double wanted = static_cast<double>(top_p) * total;
    kept = FirstReaching(weights, count, sums, wanted, false).sum;
  }
  return FirstReaching(weights, count, sums, static_cast<double>(uniform) * kept, true).index;
}

}  // namespace poems::phi::cuda
