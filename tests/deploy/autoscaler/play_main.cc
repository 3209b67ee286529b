// Prints what the autoscaler makes of a curve, as CSV: play CURVE.csv
//
// First the settings, then each second: seconds, in flight, replicas, and why where they changed.
#include <cstdio>

#include "chains/core/text.h"
#include "tests/deploy/autoscaler/curve.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: play CURVE.csv\n");
    return 2;
  }
  const absl::StatusOr<chains::deploy::Curve> curve = chains::deploy::ReadCurve(argv[1]);
  if (!curve.ok()) {
    std::fprintf(stderr, "%s\n", std::string(curve.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n", curve->settings.ShortDebugString().c_str());
  for (const chains::deploy::Moment& moment : chains::deploy::Play(*curve)) {
    std::printf("%g;%g;%d;%s\n", moment.seconds, moment.in_flight, moment.wanted,
                moment.changed ? moment.why.c_str() : "");
  }
  return 0;
}
