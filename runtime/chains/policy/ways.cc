#include "chains/policy/ways.h"

namespace chains::internal {
namespace {

// The share of its calls that a way begins with.
constexpr double kColdest = 0.1;
// A report of what others do at a replica counts for so long: a replica that is left alone because
// of it says nothing new.
constexpr absl::Duration kReportCounts = absl::Seconds(1);
// A call leaves its zone where all replicas that it looked at have at least so many calls, and so
// many times as many as one of another zone.
constexpr int kBusyZone = 4;
constexpr int kFarCosts = 2;

}  // namespace

void WaySet::Assign(std::vector<Way*> ways) {
  const auto far = std::stable_partition(ways.begin(), ways.end(), [this](const Way* way) {
    return !way->far || !settings_.prefer_zone;
  });
  near_ = static_cast<size_t>(far - ways.begin());
  if (near_ == 0) near_ = ways.size();
  if (!ways_.empty() && settings_.warm_up > absl::ZeroDuration()) {
    for (Way* way : ways) {
      if (std::find(ways_.begin(), ways_.end(), way) == ways_.end()) way->warms = true;
    }
  }
  ways_ = std::move(ways);
  outliers_.Count(
      ways_.size(), [this](size_t i) -> WayHealth& { return ways_[i]->health; }, settings_);
}

Way& WaySet::Choose(absl::Time now, const Way* not_this) {
  if (ways_.size() == 1) return *ways_.front();
  Way* const near = LessBusy(0, near_, now, not_this);
  if (near_ < ways_.size()) {
    if (Way* const far = Spilled(near, now, not_this)) return *far;
  }
  if (near != nullptr) return *near;
  Way* const any = AnyUsable(now, not_this);
  return any != nullptr ? *any : LastResort(not_this);
}

// A way of another zone for a call that would take `near`, if there is a better one.
Way* WaySet::Spilled(const Way* near, absl::Time now, const Way* not_this) {
  const bool unfit = near == nullptr || near->health.doubtful(now);
  if (!unfit && Load(*near, now) < kBusyZone) return nullptr;
  Way* const far = LessBusy(near_, ways_.size(), now, not_this);
  if (far == nullptr) return nullptr;
  if (!unfit && Load(*near, now) <= kFarCosts * Load(*far, now)) return nullptr;
  if (counters_ != nullptr) counters_->Add(EdgeCounters::kSpilled);
  return far;
}

// Two different ones, so that of two ways the less busy is always taken. Null: neither may be.
Way* WaySet::LessBusy(size_t begin, size_t end, absl::Time now, const Way* not_this) {
  const size_t count = end - begin;
  const size_t first = Below(count);
  Way& a = *ways_[begin + first];
  const bool a_usable = &a != not_this && Usable(a, now);
  if (count == 1) return a_usable ? &a : nullptr;
  Way& b = *ways_[begin + (first + 1 + Below(count - 1)) % count];
  const bool b_usable = &b != not_this && Usable(b, now);
  if (a_usable && b_usable) return Better(a, b, now);
  return a_usable ? &a : b_usable ? &b : nullptr;
}

Way* WaySet::Better(Way& a, Way& b, absl::Time now) {
  const bool a_doubtful = a.health.doubtful(now);
  if (a_doubtful != b.health.doubtful(now)) [[unlikely]]
    return a_doubtful ? &b : &a;
  if (a.warms || b.warms) [[unlikely]] {
    const bool a_cold = IsCold(a, now);
    if (a_cold != IsCold(b, now)) return a_cold ? &b : &a;
  }
  return Load(a, now) <= Load(b, now) ? &a : &b;
}

// One that is left out is probed by one call at a time.
bool WaySet::Usable(const Way& way, absl::Time now) const {
  if (way.health.in()) [[likely]]
    return true;
  if (outliers_.panic() && way.health.fault() != WayHealth::Fault::kNotReached) return true;
  return way.health.to_probe(now) && way.in_flight == 0;
}

// By lot, so often that its share of calls is what its age allows.
bool WaySet::IsCold(Way& way, absl::Time now) {
  if (!way.warms) return false;
  way.warm_since = std::min(way.warm_since, now);
  const double warm = absl::FDivDuration(now - way.warm_since, settings_.warm_up);
  if (warm >= 1) {
    way.warms = false;
    way.warm_since = absl::InfiniteFuture();
    return false;
  }
  constexpr size_t kFine = 1 << 16;
  return static_cast<double>(Below(kFine)) >= std::max(kColdest, warm) * kFine;
}

int WaySet::Load(const Way& way, absl::Time now) {
  return way.in_flight + (now < way.others_until ? way.others : 0);
}

Way* WaySet::AnyUsable(absl::Time now, const Way* not_this) {
  const size_t first = Below(ways_.size());
  for (size_t i = 0; i < ways_.size(); ++i) {
    Way* const way = ways_[(first + i) % ways_.size()];
    if (way != not_this && Usable(*way, now)) return way;
  }
  return nullptr;
}

// All are left out: one that can be reached, or any.
Way& WaySet::LastResort(const Way* not_this) {
  const size_t first = Below(ways_.size());
  Way* best = nullptr;
  for (size_t i = 0; i < ways_.size(); ++i) {
    Way* const way = ways_[(first + i) % ways_.size()];
    if (way == not_this) continue;
    const bool reached = way->health.fault() != WayHealth::Fault::kNotReached;
    if (best == nullptr || (reached && best->health.fault() == WayHealth::Fault::kNotReached)) {
      best = way;
    }
  }
  return *best;
}

void WaySet::Ended(Way& way, const absl::Status& status, absl::Duration took, absl::Time now) {
  if (way.load != nullptr && way.load->reports != way.reports_seen) {
    way.reports_seen = way.load->reports;
    way.others = std::max(0, way.load->in_flight - way.in_flight);
    way.others_until = now + kReportCounts;
  }
  Changed(way, way.health.Ended(status, took, now, settings_), now);
  if (ways_.size() > 1 && outliers_.Due(now)) Look(now);
}

void WaySet::GivenUp(Way& way, WayHealth::Why why, absl::Duration took, absl::Time now) {
  Changed(way, way.health.GivenUp(why, took, now, settings_), now);
  if (ways_.size() > 1 && outliers_.Due(now)) Look(now);
}

void WaySet::Changed(Way& way, WayHealth::Change change, absl::Time now) {
  if (change == WayHealth::Change::kNone) [[likely]]
    return;
  const bool back = change == WayHealth::Change::kBack;
  if (back) {
    way.warms = settings_.warm_up > absl::ZeroDuration();
    way.warm_since = now;
  }
  if (counters_ != nullptr && ways_.size() > 1) {
    counters_->Add(back ? EdgeCounters::kWaysBack : EdgeCounters::kWaysLeftOut);
  }
  outliers_.Count(
      ways_.size(), [this](size_t i) -> WayHealth& { return ways_[i]->health; }, settings_);
}

void WaySet::Look(absl::Time now) {
  const uint64_t panics = outliers_.panics();
  int found = outliers_.Look(
      ways_.size(), [this](size_t i) -> WayHealth& { return ways_[i]->health; }, now, settings_);
  if (counters_ == nullptr) return;
  for (; found > 0; --found) counters_->Add(EdgeCounters::kWaysLeftOut);
  if (outliers_.panics() != panics) counters_->Add(EdgeCounters::kPanics);
}

}  // namespace chains::internal
