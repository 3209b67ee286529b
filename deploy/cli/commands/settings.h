// Commands about what a platform keeps beside deployments: scale, environments, keys, secrets.
#pragma once

#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeScale();
Command MakeEnvironments();
Command MakeKeys();
Command MakeSecrets();

}  // namespace chains::deploy::cli
