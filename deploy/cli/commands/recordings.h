// `record`, `replay` and `make-test`: requests with the messages of every hop, kept in a file.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeRecord();
Command MakeReplay();
Command MakeMakeTest();

// `replay FILE --against TARGET`.
struct Comparison {
  std::string file = {};
  std::string against = {};  // CHAIN, CHAIN/ENVIRONMENT or a deployment's id
  int request = 0;           // from 1; 0: all
  absl::Duration timeout = absl::Seconds(60);
};
// Sends what the entrypoint was asked while it was recorded to that deployment, through the
// gateway, and shows where its answers differ. kDone: nowhere.
int CompareWith(Session& session, const Comparison& comparison);

}  // namespace chains::deploy::cli
