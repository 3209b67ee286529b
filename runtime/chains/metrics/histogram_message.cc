#include "chains/metrics/histogram_message.h"

#include <cmath>

#include "chains/core/text.h"

namespace chains {

v1::DurationHistogram ToMessage(const TimeCounts& counts) {
  v1::DurationHistogram message;
  for (size_t i = 0; i < kTimeBuckets; ++i) {
    if (counts.buckets[i] == 0) continue;
    message.add_buckets(static_cast<uint32_t>(i));
    message.add_counts(counts.buckets[i]);
  }
  message.set_sum_seconds(absl::ToDoubleSeconds(counts.sum));
  return message;
}

absl::Status AddTo(const v1::DurationHistogram& message, TimeCounts& sum) {
  if (message.buckets_size() != message.counts_size()) {
    return absl::InvalidArgumentError(Text("a histogram has ", message.buckets_size(),
                                           " buckets and ", message.counts_size(), " counts"));
  }
  if (!std::isfinite(message.sum_seconds()) || message.sum_seconds() < 0) {
    return absl::InvalidArgumentError("a histogram's sum is no time");
  }
  for (uint32_t bucket : message.buckets()) {
    if (bucket < kTimeBuckets) continue;
    return absl::InvalidArgumentError(
        Text("a histogram has a bucket ", bucket, "; the last one is ", kTimeBuckets - 1));
  }
  for (int i = 0; i < message.buckets_size(); ++i) {
    sum.buckets[message.buckets(i)] += message.counts(i);
  }
  sum.sum += absl::Seconds(message.sum_seconds());
  return absl::OkStatus();
}

}  // namespace chains
