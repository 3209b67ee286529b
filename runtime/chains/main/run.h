// `run`: one request in JSON, answered in this process.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "chains/chain/chain.h"
#include "chains/chain/placement.h"
#include "chains/chain/running_chain.h"

namespace chains::internal {

struct RunRequest {
  std::string json;
  std::string method = "";  // in snake_case; run_remote, or the only one, by default
  Placement placement = Placement::kTogether;
  absl::Duration timeout = absl::Seconds(60);
  bool trace = false;  // prints a waterfall of its calls (main/waterfall.h) on standard error
};

// Prints the answer, or each item of a stream on a line of its own, on standard output; errors on
// standard error. Answers the exit code: 0, 1 for a failed call, 2 for a chain or a request that is
// not valid.
int Run(const Chain& chain, RunRequest request, LocalOptions options);

}  // namespace chains::internal
