// Any text as a user's remotes.json: what is taken is written so that it is the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "deploy/cli/remotes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace cli = chains::deploy::cli;
  const auto remotes = cli::ParseRemotes({reinterpret_cast<const char*>(data), size});
  if (!remotes.ok()) return 0;
  const auto again = cli::ParseRemotes(cli::FormatRemotes(*remotes));
  if (!again.ok() || again->by_name != remotes->by_name ||
      again->default_name != remotes->default_name) {
    std::abort();
  }
  const auto nothing = [](const std::string&) { return std::nullopt; };
  const auto chosen = cli::Choose(*remotes, "", nothing);
  if (chosen.ok() && !remotes->by_name.contains(chosen->name)) std::abort();
  return 0;
}
