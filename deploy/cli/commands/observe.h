// How deployments do: `traces`, `trace` and `top`.
#pragma once

#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeTraces();
Command MakeTrace();
Command MakeTop();

}  // namespace chains::deploy::cli
