#include "deploy/telemetry/durations.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace chains::deploy {
namespace {

constexpr double kBucketsPerDoubling = 4;

}  // namespace

size_t Durations::BucketOf(double micros) {
  if (!(micros > 1)) return 0;
  const double at = std::ceil(std::log2(micros) * kBucketsPerDoubling);
  return static_cast<size_t>(std::min(at, static_cast<double>(kBuckets - 1)));
}

// What a process says is not trusted: what is beyond the last bucket is in it.
void Durations::Add(const v1::DurationHistogram& others, double share) {
  const int rows = std::min(others.buckets_size(), others.counts_size());
  for (int i = 0; i < rows; ++i) {
    const size_t bucket = std::min<size_t>(others.buckets(i), kBuckets - 1);
    counts_[bucket] += share * static_cast<double>(others.counts(i));
  }
}

void Durations::Scale(double by) {
  for (double& count : counts_) count *= by;
}

double Durations::count() const { return std::accumulate(counts_.begin(), counts_.end(), 0.0); }

double Durations::QuantileMs(double quantile) const {
  const double all = count();
  if (all <= 0) return -1;
  const double rank = quantile * all;
  double passed = 0;
  size_t bucket = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    if (counts_[i] <= 0) continue;
    bucket = i;
    passed += counts_[i];
    if (passed >= rank) break;
  }
  const double exponent = bucket == 0 ? 0 : static_cast<double>(bucket) - 0.5;
  return std::exp2(exponent / kBucketsPerDoubling) / 1000;
}

}  // namespace chains::deploy
