// Whether a terminal shows more than ASCII, by what the environment says of it.
#pragma once

#include "deploy/cli/remotes.h"

namespace chains::deploy::cli {

// By the first of LC_ALL, LC_CTYPE and LANG that is set: it names UTF-8. True where none is, as in
// most containers, whose output is read on terminals elsewhere.
bool ShowsUnicode(const Getenv& getenv);

}  // namespace chains::deploy::cli
