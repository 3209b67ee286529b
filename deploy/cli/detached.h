// A platform in the background: `up --detach` starts this program again, `down` ends it.
#pragma once

#include <filesystem>
#include <string>

#include "deploy/cli/session.h"
#include "deploy/cli/up.h"

namespace chains::deploy::cli {

// Where a platform's state is kept, absolute. An empty flag: $CHAINS_HOME, else ~/.chains.
std::filesystem::path HomeFrom(const Session& session, const std::string& flag);

// Ends when the platform is up, with what it said; its output goes to HOME/up.log.
int RunDetached(Session& session, const UpFlags& flags);

}  // namespace chains::deploy::cli
