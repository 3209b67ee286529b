#include "deploy/cli/terminal/charset.h"

#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace chains::deploy::cli {

bool ShowsUnicode(const Getenv& getenv) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::optional<std::string> locale = getenv(name);
    if (!locale || locale->empty()) continue;
    absl::AsciiStrToLower(&*locale);
    return absl::StrContains(*locale, "utf-8") || absl::StrContains(*locale, "utf8");
  }
  return true;
}

}  // namespace chains::deploy::cli
