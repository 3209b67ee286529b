// `replay`: recorded requests once more, in this process, with what chainlets answered then in
// place of those that are not to run.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "chains/chain/chain.h"
#include "chains/chain/running_chain.h"

namespace chains::internal {

struct ReplayRequest {
  std::string file = "";
  // Which chainlets run themselves, by name; the entrypoint alone where both are empty.
  std::vector<std::string> real = {};
  // Or which do not; all others run.
  std::vector<std::string> mock = {};
  int request = 0;  // the one of that number, from 1; 0: all
  absl::Duration timeout = absl::Seconds(60);
  bool json = false;  // lines as chains/chain/replay_line.h has them
};

// Prints of each request whether its answer, or its failure, is what was recorded, and both where
// it is not. The exit code: 0 when all are the same, 1 when one differs, 2 when the file, the names
// or the chain are not valid, the file is another chain's, or has no request.
int Replay(const Chain& chain, const ReplayRequest& request, LocalOptions options);

}  // namespace chains::internal
