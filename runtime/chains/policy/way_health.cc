#include "chains/policy/way_health.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "chains/contract/status_path.h"
#include "chains/policy/failure.h"

namespace chains::internal {
namespace {

constexpr absl::Duration kLookEvery = absl::Milliseconds(250);
constexpr absl::Duration kHalfLife = absl::Seconds(5);
constexpr int kGoodProbes = 3;
// Longer than who repeats a call waits at first.
constexpr absl::Duration kDoubt = absl::Milliseconds(50);
constexpr int kEnoughLatencies = 8;
constexpr double kNewest = 1.0 / kEnoughLatencies;  // the weight of the last call's duration
constexpr int kMostDoublings = 16;

// What a chainlet answered, on its own behalf or another's, has a path.
bool NotReached(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable && PathOf(status).empty();
}

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Over all ways but one that are in and have enough of it; nothing where none has.
template <typename Has, typename Value>
std::optional<double> MedianOfOthers(size_t count, const Outliers::At& at, size_t but, Has has,
                                     Value value) {
  std::vector<double> others;
  for (size_t i = 0; i < count; ++i) {
    const WayHealth& each = at(i);
    if (i != but && each.in() && has(each)) others.push_back(value(each));
  }
  if (others.empty()) return std::nullopt;
  return Median(others);
}

bool Fails(size_t count, const Outliers::At& at, size_t which, const Balancing& settings) {
  const auto enough = [&](const WayHealth& way) { return way.calls() >= settings.min_calls; };
  const auto ratio = [](const WayHealth& way) { return way.failure_ratio(); };
  const WayHealth& way = at(which);
  if (!enough(way) || way.failure_ratio() < settings.failure_ratio) return false;
  const std::optional<double> others = MedianOfOthers(count, at, which, enough, ratio);
  return others && way.failure_ratio() >= 2 * *others;
}

// How long its calls may take, as a logarithm, before it is slow beside the others; 0: any time.
double LimitOf(size_t count, const Outliers::At& at, size_t which, const Balancing& settings) {
  if (settings.latency_factor <= 1) return 0;
  const auto enough = [](const WayHealth& way) { return way.latencies() >= kEnoughLatencies; };
  const auto latency = [](const WayHealth& way) { return way.log_latency(); };
  const std::optional<double> others = MedianOfOthers(count, at, which, enough, latency);
  if (!others) return 0;
  const double with_margin =
      std::exp2(*others) + static_cast<double>(absl::ToInt64Nanoseconds(settings.latency_margin));
  return std::max(*others + std::log2(settings.latency_factor), std::log2(with_margin));
}

// The least mean duration of all that have one.
double Fastest(size_t count, const Outliers::At& at) {
  double fastest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < count; ++i) {
    const WayHealth& way = at(i);
    if (way.in() && way.latencies() >= kEnoughLatencies) {
      fastest = std::min(fastest, way.log_latency());
    }
  }
  return fastest;
}

// Beside the fastest first: a median for each of many ways would take long.
bool IsSlow(size_t count, const Outliers::At& at, size_t which, double fastest,
            const Balancing& settings) {
  const WayHealth& way = at(which);
  if (settings.latency_factor <= 1 || way.latencies() < kEnoughLatencies ||
      way.log_latency() < fastest + std::log2(settings.latency_factor)) {
    return false;
  }
  const double limit = LimitOf(count, at, which, settings);
  return limit > 0 && way.log_latency() >= limit;
}

}  // namespace

double LogOf(absl::Duration duration) {
  const int64_t ns = absl::ToInt64Nanoseconds(duration);
  if (ns <= 0) return 0;
  // The exponent, and a straight line between two of them: a logarithm would cost ten times that.
  const auto value = static_cast<uint64_t>(ns);
  const int exponent = static_cast<int>(std::bit_width(value)) - 1;
  const double power = static_cast<double>(uint64_t{1} << exponent);
  return exponent + (static_cast<double>(value) / power - 1);
}

WayHealth::Change WayHealth::Ended(const absl::Status& status, absl::Duration took, absl::Time now,
                                   const Balancing& settings) {
  ++calls_;
  if (status.ok()) {
    not_reached_ = 0;
    AddLatency(took);
    return in() ? Change::kNone : EndedOut(false, took, now, settings);
  }
  const bool failed = IsCalleesFailure(status.code());
  if (failed) ++failures_;
  not_reached_ = failed && NotReached(status) ? not_reached_ + 1 : 0;
  if (not_reached_ > 0 && settings.failures_to_eject > 0) doubted_until_ = now + kDoubt;
  if (!in()) return EndedOut(failed, took, now, settings);
  if (settings.failures_to_eject <= 0 || not_reached_ < settings.failures_to_eject) {
    return Change::kNone;
  }
  LeaveOut(Fault::kNotReached, now, settings);
  return Change::kLeftOut;
}

WayHealth::Change WayHealth::GivenUp(Why why, absl::Duration took, absl::Time now,
                                     const Balancing& settings) {
  // It would have taken longer than that.
  if (latencies_ > 0 && LogOf(took) > log_latency_) AddLatency(took);
  if (why == Why::kLeft) return Change::kNone;
  ++calls_;
  ++failures_;
  return in() ? Change::kNone : EndedOut(true, took, now, settings);
}

// The end of a probe. Calls that began before it was left out, or while it is, say nothing new.
WayHealth::Change WayHealth::EndedOut(bool bad, absl::Duration took, absl::Time now,
                                      const Balancing& settings) {
  if (now - took < out_until_) return Change::kNone;
  const bool slow = probe_limit_ > 0 && LogOf(took) >= probe_limit_;
  if (bad || slow) {
    LeaveOut(fault_, now, settings);
    return Change::kNone;  // it was out before
  }
  if (++good_probes_ < kGoodProbes) return Change::kNone;
  fault_ = Fault::kNone;
  calls_ = failures_ = 0;
  latencies_ = 0;
  probe_limit_ = 0;
  return Change::kBack;
}

void WayHealth::LeaveOut(Fault fault, absl::Time now, const Balancing& settings) {
  // Who was well for a while begins anew.
  const absl::Duration most = std::max(settings.ejected_for, settings.ejected_at_most);
  if (in() && now - out_until_ > most) left_out_ = 0;
  fault_ = fault;
  good_probes_ = 0;
  const int doublings = std::min(left_out_++, kMostDoublings);
  out_until_ = now + std::min(most, settings.ejected_for * (1 << doublings));
}

void WayHealth::Fade() {
  calls_ /= 2;
  failures_ /= 2;
}

void WayHealth::AddLatency(absl::Duration took) {
  const double log = LogOf(took);
  if (latencies_ < kEnoughLatencies) {
    ++latencies_;
    log_latency_ += (log - log_latency_) / latencies_;
  } else {
    log_latency_ += (log - log_latency_) * kNewest;
  }
}

int Outliers::Look(size_t count, const At& at, absl::Time now, const Balancing& settings) {
  next_ = now + kLookEvery;
  const bool fade = now >= fade_;
  if (fade) fade_ = now + kHalfLife;
  int found = 0;
  const double fastest = Fastest(count, at);
  for (size_t i = 0; i < count; ++i) {
    WayHealth& way = at(i);
    const bool slow = way.in() && IsSlow(count, at, i, fastest, settings);
    if (slow || (way.in() && Fails(count, at, i, settings))) {
      way.LimitProbes(LimitOf(count, at, i, settings));
      way.LeaveOut(slow ? WayHealth::Fault::kSlow : WayHealth::Fault::kFails, now, settings);
      ++found;
    }
    if (fade) way.Fade();
  }
  Count(count, at, settings);
  return found;
}

void Outliers::Count(size_t count, const At& at, const Balancing& settings) {
  size_t out = 0;
  for (size_t i = 0; i < count; ++i) out += at(i).in() ? 0 : 1;
  const bool was = panic_;
  panic_ = static_cast<double>(out) > settings.panic_above * static_cast<double>(count);
  if (panic_ && !was) ++panics_;
}

}  // namespace chains::internal
