// Building a chain as a step of a command: what the compiler says, and how long it took.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "deploy/cli/push/chain_source.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

// Opens `path`. What CMake says where the project is configured first is shown as it comes, all of
// it where `verbose` says so. CANCELLED: `stop`.
absl::StatusOr<std::unique_ptr<ChainSource>> Open(Session& session, const std::string& path,
                                                  bool verbose, std::stop_token stop = {});

// … and builds what is there. The compiler's lines are shown where `verbose` says so, and are part
// of the error when it refuses.
absl::StatusOr<std::unique_ptr<ChainSource>> OpenAndBuild(Session& session, const std::string& path,
                                                          bool verbose);

// … and collects what is pushed of it.
absl::StatusOr<BuiltChain> BuildAndCollect(Session& session, const std::string& path, bool verbose);

}  // namespace chains::deploy::cli
