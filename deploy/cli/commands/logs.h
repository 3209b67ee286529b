// `logs`, and how a log line looks.
#pragma once

#include <string>

#include "chains/v1/platform.pb.h"
#include "deploy/cli/command.h"
#include "deploy/cli/terminal/terminal.h"

namespace chains::deploy::cli {

Command MakeLogs();

// "14:03:07.120 SayHello say-0 warning: …", safe, coloured where `terminal` is.
std::string LogText(const Terminal& terminal, const v1::LogLine& line);

}  // namespace chains::deploy::cli
