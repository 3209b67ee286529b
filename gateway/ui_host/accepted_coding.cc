#include "gateway/ui_host/accepted_coding.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

// "gzip;q=0.5": whether its weight is above 0. What is no weight is none.
bool IsTaken(absl::string_view parameters) {
  for (const absl::string_view each : absl::StrSplit(parameters, ';')) {
    const absl::string_view parameter = absl::StripAsciiWhitespace(each);
    if (!absl::StartsWithIgnoreCase(parameter, "q=")) continue;
    double weight = 0;
    return absl::SimpleAtod(parameter.substr(2), &weight) && weight > 0;
  }
  return true;
}

}  // namespace

bool AcceptsCoding(std::string_view accept_encoding, std::string_view coding) {
  std::optional<bool> any;
  for (const absl::string_view member : absl::StrSplit(ToAbsl(accept_encoding), ',')) {
    const size_t end = std::min(member.find(';'), member.size());
    const absl::string_view name = absl::StripAsciiWhitespace(member.substr(0, end));
    const absl::string_view parameters = member.substr(end);
    if (absl::EqualsIgnoreCase(name, ToAbsl(coding))) return IsTaken(parameters);
    if (name == "*") any = IsTaken(parameters);
  }
  return any.value_or(false);
}

}  // namespace chains::gateway
