// `call`: one request to a chain that is deployed, over HTTP; call_stream.h has what --stream does.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "deploy/cli/command.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/http.h"
#include "deploy/cli/remotes.h"

namespace chains::deploy::cli {

Command MakeCall();

// The path of a method at the gateway: "/chains/hello/environments/staging/run_remote".
std::string PathOfCall(const TargetFlags& target, const std::string& method);

// A request to it, with the remote's key.
HttpRequest RequestTo(const Remote& remote, const std::string& path, std::string body,
                      absl::Duration timeout);

// "JSON", "@FILE" or "-": the text, what is in the file, or what comes from `in`.
absl::StatusOr<std::string> ReadArgument(const std::string& argument, std::istream& in);

// What `--data` and JSON arguments are told to be.
inline constexpr const char* kJsonHelp = "the request; @FILE or - (standard input) to read it";

}  // namespace chains::deploy::cli
