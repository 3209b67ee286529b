// `push --to kubernetes --dry-run` and `--diff`: what a push would make on a cluster, and what it
// would change there. Nothing is changed.
#pragma once

#include "deploy/cli/push/push.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

// Prints every object as YAML (--output json: a line each). Needs neither cluster nor platform.
int PrintPlan(Session& session, const PushFlags& flags);

// Asks the cluster what applying these objects would change, and prints it. They are compared with
// the chain's latest deployment there; where it has none all of them are new. 0: nothing would
// change; 1: something; 2: it could not be found out.
int DiffPlan(Session& session, const PushFlags& flags);

}  // namespace chains::deploy::cli
