// The command line of `chains`: arguments to one of the commands, its flags set.
//
//   Command root = MakeRoot();
//   return RunCommandLine(root, {"list", "--output", "json"}, session);
//
// --output and --remote may stand after any command.
#pragma once

#include <string>
#include <vector>

#include "deploy/cli/command.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

// Does what `arguments` (without the program's name) ask for and answers its exit code; help goes
// to `out`, complaints go to `err`.
int RunCommandLine(const Command& root, const std::vector<std::string>& arguments,
                   Session& session);

}  // namespace chains::deploy::cli
