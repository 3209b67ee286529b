// Commands that need no platform: init, check, run, graph, version.
#pragma once

#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeInit();
Command MakeCheck();
Command MakeRun();
Command MakeGraph();
Command MakeVersion();

}  // namespace chains::deploy::cli
