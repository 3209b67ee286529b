// `serve`: a replica that answers gRPC calls until it is told to leave.
#pragma once

#include "chains/chain/spec.h"
#include "chains/main/command_line.h"

namespace chains::internal {

// SIGTERM or SIGINT: not ready, finishes what runs, leaves with 0. Prints one line when it is
// ready: "serving hello.SayHello at 127.0.0.1:9001". 2: the command line or the chain is not valid.
int Serve(const ChainSpec& chain, const CommandLine& command);

}  // namespace chains::internal
