// Series: how often something ended, how, and how long it took, in steps of two seconds over
// fifteen minutes.
//
//   Series series;
//   series.Add(SpanOfTime{from, to}, {.calls = 120, .errors = 1}, &durations);
//   series.CloseBefore(StepAt(now) - 1, {.in_flight = 3});    // with each step
//   series.Read(StepAt(now) - 30, StepAt(now) - 1, 1, points);
//
// What a report gained is shared out among the steps that it covers, so that the curve does not
// depend on when reports come. A step is closed, and can be read, when the next one is over:
// reports of its end have come by then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"
#include "deploy/telemetry/durations.h"

namespace chains::deploy {

inline constexpr absl::Duration kStep = absl::Seconds(2);
inline constexpr int64_t kStepsKept = 450;

// Steps are numbered from 1970.
int64_t StepAt(absl::Time time);
absl::Time StartOf(int64_t step);

// What a report covers: more than nothing, at most two steps of it count.
struct SpanOfTime {
  absl::Time from;
  absl::Time to;
};

// For one thread; about 16 KiB.
class Series {
 public:
  struct Calls {
    double calls = 0;
    double errors = 0;
  };
  // What is so now.
  struct Gauges {
    double in_flight = 0;
    double queued = 0;
    double ready = 0;
    double wanted = 0;
  };

  // `open`: the first step that is not closed yet.
  explicit Series(int64_t open) : begin_(open), open_(open), points_(kStepsKept) {}

  void Add(const SpanOfTime& when, const Calls& calls, const v1::DurationHistogram& durations);
  // Closes the steps before `step`.
  void CloseBefore(int64_t step, const Gauges& gauges);
  // Whether something was added, or so at the time, at or after `step`.
  bool SaidSomethingIn(int64_t step) const { return said_ >= step; }

  // Points of `width` steps each, those from `first` on and before `end`. Of several steps the rate
  // is the mean, p50 as well, weighted by calls; p99 and all that is counted is the largest.
  void Read(int64_t first, int64_t end, int64_t width,
            google::protobuf::RepeatedPtrField<v1::Point>& points) const;

 private:
  struct Sample {
    float rate = 0, errors = 0, p50_ms = -1, p99_ms = -1;
    float in_flight = 0, queued = 0, ready = 0, wanted = 0;
  };
  struct Open {
    Calls calls;
    Durations durations;
  };
  Sample SampleOf(const Open& open, const Gauges& gauges) const;

  static constexpr size_t kOpen = 3;  // steps that are not closed, by their number modulo this

  const int64_t begin_;
  int64_t open_;
  int64_t said_ = -1;  // the last step that is not empty
  std::array<Open, kOpen> open_steps_ = {};
  std::vector<Sample> points_;  // by the step modulo their number
};

}  // namespace chains::deploy
