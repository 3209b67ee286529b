// `call --stream`: a request over gRPC, whose answer is shown item by item, as it comes.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

struct StreamCall {
  TargetFlags target = {};
  std::string method = {};  // in snake_case
  std::string body = {};    // the request, in JSON
  absl::Duration timeout = absl::Seconds(60);
};

// The exit code. Each item is a line of JSON on `out`, written before the next is waited for.
int CallStream(Session& session, const StreamCall& call);

}  // namespace chains::deploy::cli
