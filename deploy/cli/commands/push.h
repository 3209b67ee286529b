// `push` and `watch`.
#pragma once

#include "deploy/cli/command.h"
#include "deploy/cli/push/push.h"

namespace chains::deploy::cli {

Command MakePush();
Command MakeWatch();

// push --watch and watch: until Ctrl-C, or until nothing can be watched any more.
int Watch(Session& session, PushFlags flags);

}  // namespace chains::deploy::cli
