// `bench`: load on a chain that is deployed, in an open loop.
#pragma once

#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeBench();

}  // namespace chains::deploy::cli
