// Curve: a load that was recorded, and what the autoscaler makes of it on a fake clock.
//
//   absl::StatusOr<Curve> ramp = ReadCurve("curves/ramp.csv");
//   for (const Moment& moment : Play(*ramp)) …          // every second of it
//
// A file has settings that are not the defaults ("# max_replica=3 scale_down_delay=120"), then
// lines "seconds,in_flight".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/manifest.pb.h"

namespace chains::deploy {

struct Curve {
  struct Sample {
    double seconds = 0;
    double in_flight = 0;
  };
  v1::Autoscaling settings;
  std::vector<Sample> samples;
};

struct Moment {
  double seconds = 0;
  double in_flight = 0;
  int wanted = 0;
  bool changed = false;
  std::string why;
};

// The settings that a chain has that says nothing.
v1::Autoscaling DefaultAutoscaling();

// INVALID_ARGUMENT names file and line.
absl::StatusOr<Curve> ReadCurve(const std::string& file);

// From no replica at second 0; observes each sample when it came and decides once a second.
std::vector<Moment> Play(const Curve& curve);

// Second 0 of the fake clock.
absl::Time CurveBegin();

}  // namespace chains::deploy
