#include "tests/support/kubernetes/syntax.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "chains/core/text.h"

namespace chains::deploy::fake {
namespace {

bool IsLowerOrDigit(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }

// The name of a label without its prefix, or a value that is not empty.
bool IsQualified(std::string_view text) {
  const auto inside = [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= 63 && absl::ascii_isalnum(text.front()) &&
         absl::ascii_isalnum(text.back()) && std::all_of(text.begin(), text.end(), inside);
}

}  // namespace

bool IsDnsLabel(std::string_view text) {
  return !text.empty() && text.size() <= 63 && IsLowerOrDigit(text.front()) &&
         IsLowerOrDigit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsLowerOrDigit(c) || c == '-';
         });
}

bool IsDns1035Label(std::string_view text) {
  return IsDnsLabel(text) && absl::ascii_islower(text.front());
}

bool IsSubdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    // Parts of a subdomain may be longer than a label.
    if (part.empty() || !IsLowerOrDigit(part.front()) || !IsLowerOrDigit(part.back())) return false;
    if (!std::all_of(part.begin(), part.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsLabelKey(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return IsQualified(text);
  return IsSubdomain(text.substr(0, slash)) && IsQualified(text.substr(slash + 1));
}

bool IsLabelValue(std::string_view text) { return text.empty() || IsQualified(text); }

bool IsPortName(std::string_view text) {
  return IsDnsLabel(text) && text.size() <= 15 && text.find("--") == std::string_view::npos &&
         std::any_of(text.begin(), text.end(), [](char c) { return absl::ascii_islower(c); });
}

bool IsDataKey(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

bool IsVariable(std::string_view text) {
  // Since 1.30 all that is printable, but for '='.
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return absl::ascii_isprint(c) && c != '='; });
}

bool IsTime(std::string_view text) {
  absl::Time time;
  std::string problem;
  return text.find('T') != std::string_view::npos &&
         absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, &problem);
}

bool IsBase64(std::string_view text) {
  std::string bytes;
  return absl::Base64Unescape(ToAbsl(text), &bytes);
}

}  // namespace chains::deploy::fake
