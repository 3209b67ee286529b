#include "tests/deploy/autoscaler/curve.h"

#include <fstream>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "deploy/autoscaler/autoscaler.h"

namespace chains::deploy {
namespace {

bool Set(v1::Autoscaling& settings, absl::string_view name, int value) {
  if (name == "min_replica")
    settings.set_min_replica(value);
  else if (name == "max_replica")
    settings.set_max_replica(value);
  else if (name == "autoscaling_window")
    settings.set_autoscaling_window_sec(value);
  else if (name == "scale_down_delay")
    settings.set_scale_down_delay_sec(value);
  else if (name == "max_scale_down_rate")
    settings.set_max_scale_down_rate(value);
  else if (name == "concurrency_target")
    settings.set_concurrency_target(value);
  else if (name == "target_utilization_percentage")
    settings.set_target_utilization_percentage(value);
  else
    return false;
  return true;
}

// Words without '=' are for people.
bool ReadSettings(absl::string_view line, v1::Autoscaling& settings) {
  for (const absl::string_view word : absl::StrSplit(line, ' ')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(word, '=');
    if (parts.size() != 2) continue;
    int value = 0;
    if (!absl::SimpleAtoi(parts[1], &value) || !Set(settings, parts[0], value)) return false;
  }
  return true;
}

bool ReadSample(absl::string_view line, std::vector<Curve::Sample>& samples) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, ',');
  Curve::Sample& sample = samples.emplace_back();
  return parts.size() == 2 && absl::SimpleAtod(parts[0], &sample.seconds) &&
         absl::SimpleAtod(parts[1], &sample.in_flight);
}

}  // namespace

v1::Autoscaling DefaultAutoscaling() {
  v1::Autoscaling settings;
  settings.set_max_replica(1);
  settings.set_autoscaling_window_sec(60);
  settings.set_scale_down_delay_sec(900);
  settings.set_max_scale_down_rate(50);
  settings.set_concurrency_target(1);
  settings.set_target_utilization_percentage(70);
  return settings;
}

absl::Time CurveBegin() { return absl::FromUnixSeconds(1'700'000'000); }

absl::StatusOr<Curve> ReadCurve(const std::string& file) {
  std::ifstream in(file);
  Curve curve{.settings = DefaultAutoscaling(), .samples = {}};
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line == "seconds,in_flight") continue;
    const bool good = absl::StartsWith(line, "#") ? ReadSettings(line, curve.settings)
                                                  : ReadSample(line, curve.samples);
    if (!good) {
      return absl::InvalidArgumentError(absl::StrCat(file, ":", number, ": cannot read ", line));
    }
  }
  if (curve.samples.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": there are no samples in it"));
  }
  return curve;
}

std::vector<Moment> Play(const Curve& curve) {
  const absl::Time begin = CurveBegin();
  Autoscaler scaler(curve.settings, 0, begin);
  std::vector<Moment> moments;
  size_t next = 0;
  double in_flight = 0;
  for (int second = 0; second <= curve.samples.back().seconds; ++second) {
    for (; next < curve.samples.size() && curve.samples[next].seconds <= second; ++next) {
      in_flight = curve.samples[next].in_flight;
      scaler.Observe(begin + absl::Seconds(curve.samples[next].seconds), in_flight);
    }
    const Autoscaler::Decision decision = scaler.Decide(begin + absl::Seconds(second));
    moments.push_back(
        {static_cast<double>(second), in_flight, decision.wanted, decision.changed, decision.why});
  }
  return moments;
}

}  // namespace chains::deploy
