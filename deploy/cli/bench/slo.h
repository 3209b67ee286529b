// Slo: what a load test must keep to: "p99=50ms", "errors=1%". Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/load/report.h"

namespace chains::deploy::cli {

struct Slo {
  enum class Kind { kQuantile, kMax, kErrors };
  std::string name = {};  // "p99", "max", "errors"
  Kind kind = Kind::kQuantile;
  double share = 0;                             // of kQuantile: 0.99; of kErrors: at most
  absl::Duration limit = absl::ZeroDuration();  // of the others
};

// p50, p99, p99.9 (any pNN), max with a time; errors with a percentage. INVALID_ARGUMENT says what
// is expected.
absl::StatusOr<Slo> ParseSlo(const std::string& text);

struct SloOutcome {
  bool kept = false;
  std::string text = {};  // "p99 42.1 ms, at most 50.0 ms"
};
// A run without an answer keeps to nothing.
SloOutcome Judge(const Slo& slo, const load::Report& report);

// Of all calls, from 0 to 1.
double ErrorShare(const load::Report& report);

}  // namespace chains::deploy::cli
