#include "deploy/autoscaler/autoscaler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace chains::deploy {
namespace {

constexpr double kBurst = 2;  // times what the replicas are meant for

absl::Duration WindowOf(const v1::Autoscaling& settings) {
  return absl::Seconds(settings.autoscaling_window_sec());
}
absl::Duration DelayOf(const v1::Autoscaling& settings) {
  return absl::Seconds(settings.scale_down_delay_sec());
}

// "4.2", "12", "0.04".
std::string Amount(double in_flight) {
  if (in_flight <= 0) return "0";
  if (in_flight < 0.01) return "under 0.01";
  const std::string text =
      in_flight < 0.1 ? absl::StrFormat("%.2f", in_flight) : absl::StrFormat("%.1f", in_flight);
  return std::string(absl::StripSuffix(text, ".0"));
}

// "60s", "2.5s".
std::string InSeconds(absl::Duration time) {
  return absl::StrFormat("%gs", absl::ToDoubleSeconds(time));
}

}  // namespace

Autoscaler::Autoscaler(const v1::Autoscaling& settings, int current, absl::Time now)
    : settings_(settings),
      wanted_(std::max(current, 0)),
      now_(now),
      load_(WindowOf(settings), now),
      desired_(DelayOf(settings), wanted_, now),
      used_(now) {}

void Autoscaler::SetSettings(const v1::Autoscaling& settings) {
  const absl::Duration old_window = window();
  const absl::Duration old_delay = delay();
  settings_ = settings;
  if (window() != old_window) {
    const double in_flight = load_.latest();
    load_ = LoadHistory(window(), now_);
    load_.Observe(now_, in_flight);
  }
  if (delay() != old_delay) desired_ = RecentPeak(delay(), wanted_, now_);
}

void Autoscaler::Observe(absl::Time now, double in_flight) {
  now_ = std::max(now, now_);
  // What the last sample showed stood until this one.
  if (load_.latest() > 0) used_ = now_;
  load_.Observe(now_, in_flight);
  if (load_.latest() > 0) used_ = now_;
}

void Autoscaler::Wake(absl::Time now) {
  now_ = std::max(now, now_);
  used_ = now_;
  woken_ = true;
}

Autoscaler::Decision Autoscaler::Decide(absl::Time now) {
  now_ = std::max(now, now_);
  if (load_.latest() > 0) used_ = now_;
  if (IsBurst()) hurried_ = now_;
  Desire desire = wanted_ == 0 ? FromZero() : FromLoad();
  desired_.Note(now_, desire.replicas);
  woken_ = false;
  const int before = wanted_;
  if (wanted_ != Bounded(wanted_)) {
    desire = {Bounded(std::max(wanted_, desire.replicas)),
              wanted_ < settings_.min_replica()
                  ? absl::StrCat("at least ", settings_.min_replica())
                  : absl::StrCat("at most ", settings_.max_replica())};
  } else if (desire.replicas < wanted_) {
    desire = Lower(desire);
    if (desire.replicas < wanted_) stepped_down_ = now_;
  }
  wanted_ = desire.replicas;
  if (before == 0 && wanted_ > 0) hurried_ = now_;
  return {.wanted = wanted_, .why = std::move(desire.why), .changed = wanted_ != before};
}

Autoscaler::Desire Autoscaler::FromZero() const {
  if (load_.latest() > 0) return Explained(load_.latest(), "waiting");
  if (woken_) return {std::max(1, settings_.min_replica()), "woken up"};
  return {settings_.min_replica(), settings_.min_replica() > 0
                                       ? absl::StrCat("at least ", settings_.min_replica())
                                       : "nothing in flight"};
}

// More than the average over the window will say for some time.
bool Autoscaler::IsBurst() const {
  return wanted_ > 0 && load_.Average(now_, short_window()) >= kBurst * PerReplica() * wanted_;
}

Autoscaler::Desire Autoscaler::FromLoad() const {
  const double average = load_.Average(now_, window());
  const double recent = load_.Average(now_, short_window());
  if (now_ - hurried_ < window() && Formula(recent) > Formula(average)) {
    return Explained(recent, absl::StrCat("in flight over ", InSeconds(short_window())));
  }
  if (settings_.min_replica() == 0 && IsIdle()) {
    return {0, absl::StrCat("nothing in flight for ", InSeconds(std::max(delay(), window())))};
  }
  return Explained(average, absl::StrCat("in flight over ", InSeconds(window())));
}

// What the formula says, and how it came to it. Somebody is or was there, so one at least.
Autoscaler::Desire Autoscaler::Explained(double in_flight, const std::string& over) const {
  const int needed = Formula(in_flight);
  const int bounded = std::max(1, Bounded(needed));
  std::string why =
      absl::StrCat(Amount(in_flight), " ", over, " ÷ (", settings_.concurrency_target(), " × ",
                   settings_.target_utilization_percentage(), " %) = ", needed);
  if (bounded < needed) why += absl::StrCat(", at most ", bounded);
  if (bounded > needed && bounded > settings_.min_replica()) {
    why += absl::StrCat("; the last one stays until nothing was in flight for ",
                        InSeconds(std::max(delay(), window())));
  } else if (bounded > needed) {
    why += absl::StrCat(", at least ", bounded);
  }
  return {bounded, std::move(why)};
}

// Fewer are needed than there are: how many may go now.
Autoscaler::Desire Autoscaler::Lower(const Desire& desire) const {
  int target = desire.replicas;
  // Whether nothing was in flight for the whole delay is known better than what averages, which
  // lag behind, wanted in that time.
  if (desire.replicas > 0) {
    target = std::min(wanted_, std::max(desire.replicas, desired_.Highest()));
    if (target == wanted_) {
      return {wanted_, absl::StrCat(desire.why, ", but ", wanted_, " were needed within ",
                                    InSeconds(delay()))};
    }
  }
  if (now_ - stepped_down_ < short_window()) {
    return {wanted_, absl::StrCat(desire.why, ", in steps ", InSeconds(short_window()), " apart")};
  }
  const int most = std::max(1, wanted_ * settings_.max_scale_down_rate() / 100);
  const int lower = std::max(target, wanted_ - most);
  if (lower == desire.replicas) return desire;
  if (lower == target)
    return {lower,
            absl::StrCat(desire.why, "; ", lower, " were needed within ", InSeconds(delay()))};
  return {lower,
          absl::StrCat(desire.why, ", by at most ", settings_.max_scale_down_rate(), " % a step")};
}

absl::Duration Autoscaler::window() const { return WindowOf(settings_); }
absl::Duration Autoscaler::delay() const { return DelayOf(settings_); }
absl::Duration Autoscaler::short_window() const {
  return std::clamp(window() / 10, absl::Seconds(2), absl::Seconds(10));
}

double Autoscaler::PerReplica() const {
  return settings_.concurrency_target() * (settings_.target_utilization_percentage() / 100.0);
}

int Autoscaler::Formula(double in_flight) const {
  // Sums of times have crumbs, which must not cost a replica.
  const double needed = std::ceil(in_flight / PerReplica() - 1e-6);
  return static_cast<int>(std::clamp(needed, 0.0, 1e9));
}

int Autoscaler::Bounded(int replicas) const {
  return std::clamp(replicas, settings_.min_replica(), settings_.max_replica());
}

bool Autoscaler::IsIdle() const {
  return load_.latest() <= 0 && now_ - used_ >= std::max(delay(), window());
}

}  // namespace chains::deploy
