// Exemplars: of buckets of histograms the last request that fell into each and was traced.
//
//   Exemplars exemplars;
//   exemplars.Put("chains_gateway_request_seconds", labels, 0.065536, {.trace_id = "4bf9…", …});
//   const Exemplar* one = exemplars.Find("chains_gateway_request_seconds", labels, 0.065536);
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <prometheus/client_metric.h>

#include "absl/time/time.h"

namespace chains {

// A request that was traced: how long it took, and when it ended.
struct Exemplar {
  std::string trace_id;  // 32 hexadecimal digits
  absl::Duration took;
  absl::Time at;
};

// One for each bucket at most. A value.
class Exemplars {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  // Of the series of `family` with these labels, the bucket that ends there. The later one stays.
  void Put(const std::string& family, const Labels& labels, double bucket_end, Exemplar exemplar) {
    Exemplar& kept = by_bucket_[{family, labels, bucket_end}];
    if (kept.trace_id.empty() || kept.at <= exemplar.at) kept = std::move(exemplar);
  }
  // Null: there is none.
  const Exemplar* Find(const std::string& family, const Labels& labels, double bucket_end) const {
    const auto found = by_bucket_.find({family, labels, bucket_end});
    return found == by_bucket_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::tuple<std::string, Labels, double>, Exemplar> by_bucket_;
};

}  // namespace chains
