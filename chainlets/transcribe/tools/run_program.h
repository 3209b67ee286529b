// Runs another program and takes what it prints.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace transcribe {

// Its standard output. Looked up in PATH, without a shell; standard error is left out. NOT_FOUND
// when there is no such program, INTERNAL when it fails.
absl::StatusOr<std::string> RunProgram(std::vector<std::string> arguments);

}  // namespace transcribe
