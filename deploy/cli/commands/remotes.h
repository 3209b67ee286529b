// `remotes`: which platforms this user knows.
#pragma once

#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeRemotes();

}  // namespace chains::deploy::cli
