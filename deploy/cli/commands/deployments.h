// Commands about what is deployed: list, status, promote, rollback, activate, deactivate, wake,
// delete.
#pragma once

#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeList();
Command MakeStatus();
Command MakePromote();
Command MakeRollback();
Command MakeActivate();
Command MakeDeactivate();
Command MakeWake();
Command MakeDelete();

}  // namespace chains::deploy::cli
