#include "chains/metrics/family_set.h"

#include <algorithm>
#include <limits>

namespace chains {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

// 64 µs is the end of bucket 24; four times that is eight buckets on.
constexpr size_t kFirstShown = 24;
constexpr size_t kShownEvery = 8;
constexpr size_t kLastShown = 104;

void AddBucket(ClientMetric& metric, size_t place, double end, uint64_t cumulative) {
  if (place == metric.histogram.bucket.size()) {
    metric.histogram.bucket.push_back({.cumulative_count = 0, .upper_bound = end});
  }
  metric.histogram.bucket[place].cumulative_count += cumulative;
}

}  // namespace

ClientMetric& FamilySet::Series(const std::string& name, const char* help, MetricType type,
                                Labels labels) {
  const auto [by_name, added] = by_name_.try_emplace(name, families_.size());
  if (added) {
    Family& made = families_.emplace_back();
    made.made.name = name;
    made.made.help = help;
    made.made.type = type;
  }
  Family& family = families_[by_name->second];
  auto place = family.places.find(labels);
  if (place == family.places.end()) {
    if (family.places.size() >= max_series_) {
      ++dropped_;
      for (ClientMetric::Label& label : labels) label.value = "other";
    }
    place = family.places.try_emplace(labels, family.made.metric.size()).first;
    if (place->second == family.made.metric.size()) {
      family.made.metric.emplace_back().label = std::move(labels);
    }
  }
  return family.made.metric[place->second];
}

void FamilySet::Counter(const std::string& name, const char* help, Labels labels, double value) {
  Series(name, help, MetricType::Counter, std::move(labels)).counter.value += value;
}

void FamilySet::Gauge(const std::string& name, const char* help, Labels labels, double value) {
  Series(name, help, MetricType::Gauge, std::move(labels)).gauge.value += value;
}

void FamilySet::Histogram(const std::string& name, const char* help, Labels labels,
                          const TimeCounts& counts) {
  Buckets buckets;
  size_t next = 0;
  for (size_t shown = kFirstShown; shown <= kLastShown; shown += kShownEvery) {
    uint64_t in_it = 0;
    while (next <= shown) in_it += counts.buckets[next++];
    buckets.emplace_back(absl::ToDoubleSeconds(TimeBucketEnd(shown)), in_it);
  }
  uint64_t rest = 0;
  while (next < kTimeBuckets) rest += counts.buckets[next++];
  buckets.emplace_back(std::numeric_limits<double>::infinity(), rest);
  Histogram(name, help, std::move(labels), buckets, absl::ToDoubleSeconds(counts.sum));
}

void FamilySet::Histogram(const std::string& name, const char* help, Labels labels,
                          const Buckets& buckets, double sum) {
  ClientMetric& metric = Series(name, help, MetricType::Histogram, std::move(labels));
  uint64_t cumulative = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    cumulative += buckets[i].second;
    AddBucket(metric, i, buckets[i].first, cumulative);
  }
  metric.histogram.sample_count += cumulative;
  metric.histogram.sample_sum += sum;
}

void FamilySet::Exemplify(const std::string& name, const char* help, Labels labels,
                          Exemplar exemplar) {
  const ClientMetric& metric = Series(name, help, MetricType::Histogram, std::move(labels));
  const double took = absl::ToDoubleSeconds(exemplar.took);
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    if (took > bucket.upper_bound) continue;
    return exemplars_.Put(name, metric.label, bucket.upper_bound, std::move(exemplar));
  }
}

std::vector<prometheus::MetricFamily> FamilySet::Take() && {
  std::vector<prometheus::MetricFamily> all;
  all.reserve(families_.size());
  for (Family& family : families_) all.push_back(std::move(family.made));
  return all;
}

}  // namespace chains
