// The world of a Session as it is: this process, this machine.
#pragma once

#include "deploy/cli/session.h"

namespace chains::deploy::cli {

Session::World ThisWorld();

}  // namespace chains::deploy::cli
