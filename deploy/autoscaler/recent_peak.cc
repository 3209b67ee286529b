#include "deploy/autoscaler/recent_peak.h"

#include <algorithm>

namespace chains::deploy {

RecentPeak::RecentPeak(absl::Duration span, int number, absl::Time now)
    : span_(span), numbers_({{now, number}}) {}

void RecentPeak::Note(absl::Time now, int number) {
  now = std::max(now, numbers_.back().until);
  numbers_.back().until = now;
  // What stood before matters only while it is higher.
  while (!numbers_.empty() && numbers_.back().number <= number) numbers_.pop_back();
  numbers_.push_back({now, number});
  while (numbers_.size() > 1 && numbers_.front().until <= now - span_) numbers_.pop_front();
  if (numbers_.size() > kMostNumbers) {
    numbers_[1].number = numbers_[0].number;
    numbers_.pop_front();
  }
}

}  // namespace chains::deploy
