// chains audit, chains keys rotate: who changed what, and keys that get a new text.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"
#include "deploy/cli/command.h"

namespace chains::deploy::cli {

Command MakeAudit();
Command MakeRotate();  // of `keys`

// " of hello, poems, 5d more": what restricts a key; empty: nothing.
std::string ValidityOf(const v1::KeyInfo& key, absl::Time now);

}  // namespace chains::deploy::cli
