#include "deploy/autoscaler/load_history.h"

#include <algorithm>
#include <cmath>

namespace chains::deploy {
namespace {

constexpr double kMostInFlight = 1e9;  // more is an error of who counts

}  // namespace

LoadHistory::LoadHistory(absl::Duration span, absl::Time begin)
    : span_(span), last_(begin), points_({{begin, 0}}) {}

void LoadHistory::Observe(absl::Time now, double value) {
  now = std::max(now, last_);
  const double total = TotalAt(now);
  last_ = now;
  latest_ = value > 0 ? std::min(value, kMostInFlight) : 0;
  // The last point moves along while it is near the one before it.
  // Any two steps from point to point are at least this long.
  const absl::Duration apart = span_ / static_cast<double>(kMostPoints / 2 - 2);
  const size_t count = points_.size();
  const bool near = count >= 2 && now - points_[count - 2].at < apart;
  if (near || points_.back().at == now) points_.pop_back();
  points_.push_back({now, total});
  // One point at the span's far end or before it stays, to reckon from.
  while (points_.size() >= 2 && points_[1].at <= now - span_) points_.pop_front();
}

double LoadHistory::Average(absl::Time now, absl::Duration window) const {
  now = std::max(now, last_);
  const absl::Time from = std::max(now - window, points_.front().at);
  const double seconds = absl::ToDoubleSeconds(now - from);
  if (seconds <= 0) return latest_;
  return std::max(0.0, (TotalAt(now) - TotalAt(from)) / seconds);
}

double LoadHistory::TotalAt(absl::Time time) const {
  const Point& last = points_.back();
  if (time >= last.at) return last.total + latest_ * absl::ToDoubleSeconds(time - last.at);
  const auto after = std::upper_bound(points_.begin(), points_.end(), time,
                                      [](absl::Time at, const Point& p) { return at < p.at; });
  if (after == points_.begin()) return after->total;
  const Point& before = *(after - 1);
  const double part = absl::FDivDuration(time - before.at, after->at - before.at);
  return before.total + (after->total - before.total) * part;
}

}  // namespace chains::deploy
