// chains: the command line.
#include <iostream>
#include <string>
#include <vector>

#include "chains/grpc/process.h"
#include "deploy/cli/command_line.h"
#include "deploy/cli/terminal/terminal.h"
#include "deploy/cli/wait.h"
#include "deploy/cli/world.h"

namespace cli = chains::deploy::cli;

int main(int argc, char** argv) {
  chains::PrepareProcess();
  cli::Session session(cli::ThisTerminal(std::cin, std::cout, std::cerr), cli::ThisWorld());
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const cli::Command root = cli::MakeRoot();
  return cli::RunCommandLine(root, arguments, session);
}
