// Completion for shells, written from the tree of commands, so that it is never behind. Pure.
//
// Names of chains and deployments are asked of the platform while typing, by `chains list --output
// json`, quietly.
#pragma once

#include <string>

#include "deploy/cli/command.h"

namespace chains::deploy::cli {

// To be sourced: `source <(chains completion bash)`, or kept where the shell looks.
std::string BashCompletion(const Command& root);
std::string ZshCompletion(const Command& root);

Command MakeCompletion();

}  // namespace chains::deploy::cli
