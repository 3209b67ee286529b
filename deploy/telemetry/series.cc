#include "deploy/telemetry/series.h"

#include <algorithm>

namespace chains::deploy {
namespace {

double Seconds(absl::Duration duration) { return absl::ToDoubleSeconds(duration); }

}  // namespace

int64_t StepAt(absl::Time time) {
  return absl::ToUnixMillis(time) / absl::ToInt64Milliseconds(kStep);
}

absl::Time StartOf(int64_t step) { return absl::UnixEpoch() + step * kStep; }

void Series::Add(const SpanOfTime& when, const Calls& calls,
                 const v1::DurationHistogram& durations) {
  const absl::Time from = std::max(when.from, when.to - 2 * kStep);
  const int64_t last = std::max(StepAt(when.to), open_);
  const double whole = std::max(Seconds(when.to - from), 1e-6);
  // What is closed stays; it counts in the first that is open.
  for (int64_t step = std::max(open_, last - static_cast<int64_t>(kOpen) + 1); step <= last;
       ++step) {
    const bool first = step == std::max(open_, last - static_cast<int64_t>(kOpen) + 1);
    const absl::Time begin = first ? from : std::max(from, StartOf(step));
    const absl::Time end = step == last ? when.to : std::min(when.to, StartOf(step + 1));
    const double share = std::clamp(Seconds(end - begin) / whole, 0.0, 1.0);
    if (share <= 0) continue;
    Open& to = open_steps_[static_cast<size_t>(step) % kOpen];
    to.calls.calls += share * calls.calls;
    to.calls.errors += share * calls.errors;
    to.durations.Add(durations, share);
  }
  said_ = last;
}

Series::Sample Series::SampleOf(const Open& open, const Gauges& gauges) const {
  Sample sample;
  sample.rate = static_cast<float>(open.calls.calls / Seconds(kStep));
  sample.errors = static_cast<float>(open.calls.errors / Seconds(kStep));
  sample.p50_ms = static_cast<float>(open.durations.QuantileMs(0.5));
  sample.p99_ms = static_cast<float>(open.durations.QuantileMs(0.99));
  sample.in_flight = static_cast<float>(gauges.in_flight);
  sample.queued = static_cast<float>(gauges.queued);
  sample.ready = static_cast<float>(gauges.ready);
  sample.wanted = static_cast<float>(gauges.wanted);
  return sample;
}

void Series::CloseBefore(int64_t step, const Gauges& gauges) {
  // After a long pause there is nothing to say of most of it.
  open_ = std::max(open_, step - kStepsKept);
  for (; open_ < step; ++open_) {
    Open& open = open_steps_[static_cast<size_t>(open_) % kOpen];
    points_[static_cast<size_t>(open_ % kStepsKept)] = SampleOf(open, gauges);
    if (gauges.in_flight + gauges.queued + gauges.ready + gauges.wanted > 0) {
      said_ = std::max(said_, open_);
    }
    open = Open();
  }
}

void Series::Read(int64_t first, int64_t end, int64_t width,
                  google::protobuf::RepeatedPtrField<v1::Point>& points) const {
  for (int64_t step = first; step < end; step += width) {
    v1::Point& point = *points.Add();
    double weight = 0;
    double p50 = 0;
    double p99 = -1;
    for (int64_t each = step; each < std::min(step + width, end); ++each) {
      if (each < begin_ || each >= open_ || each < open_ - kStepsKept) continue;
      const Sample& sample = points_[static_cast<size_t>(each % kStepsKept)];
      point.set_rate(point.rate() + sample.rate / static_cast<double>(width));
      point.set_errors(point.errors() + sample.errors / static_cast<double>(width));
      if (sample.p50_ms >= 0) {
        const double calls = std::max<double>(sample.rate, 1e-3);
        p50 += calls * sample.p50_ms;
        weight += calls;
      }
      p99 = std::max<double>(p99, sample.p99_ms);
      point.set_in_flight(std::max<double>(point.in_flight(), sample.in_flight));
      point.set_queued(std::max<double>(point.queued(), sample.queued));
      point.set_ready(sample.ready);
      point.set_wanted(sample.wanted);
    }
    point.set_p50_ms(weight > 0 ? p50 / weight : -1);
    point.set_p99_ms(p99);
  }
}

}  // namespace chains::deploy
