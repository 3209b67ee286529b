#include "chains/core/baggage.h"

namespace chains::internal {
namespace {

constexpr size_t kMaxTraceStateKey = 256;  // the longest form, "tenant@system", has as many
constexpr size_t kMaxTraceStateValue = 256;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// RFC 7230, 3.2.6.
bool IsTokenCharacter(char c) {
  return IsLower(c) || IsDigit(c) || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

template <typename Holds>
bool AllHold(std::string_view text, Holds holds) {
  for (const char c : text) {
    if (!holds(c)) return false;
  }
  return true;
}

bool IsToken(std::string_view text) { return !text.empty() && AllHold(text, IsTokenCharacter); }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `each` for the parts between separators, without blanks around them, until one is false.
template <typename Each>
bool ForEach(std::string_view text, char separator, Each each) {
  while (true) {
    const size_t end = text.find(separator);
    if (!each(Trimmed(text.substr(0, end)))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool IsTraceStateMember(std::string_view member) {
  const size_t equals = member.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view key = member.substr(0, equals);
  const std::string_view value = member.substr(equals + 1);
  const bool begins = !key.empty() && (IsLower(key.front()) || IsDigit(key.front()));
  return begins && key.size() <= kMaxTraceStateKey &&
         AllHold(key,
                 [](char c) {
                   return IsLower(c) || IsDigit(c) || c == '_' || c == '-' || c == '*' ||
                          c == '/' || c == '@';
                 }) &&
         !value.empty() && value.size() <= kMaxTraceStateValue &&
         AllHold(value, [](char c) { return c >= 0x20 && c <= 0x7e && c != '='; });
}

// Printable ASCII but blanks, quotes, commas, semicolons and backslashes.
bool IsBaggageValue(std::string_view text) {
  return AllHold(text, [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

bool IsPair(std::string_view text, bool value_is_optional) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return value_is_optional && IsToken(text);
  return IsToken(Trimmed(text.substr(0, equals))) &&
         IsBaggageValue(Trimmed(text.substr(equals + 1)));
}

bool IsBaggageMember(std::string_view member) {
  bool first = true;
  return ForEach(member, ';', [&first](std::string_view part) {
    const bool is_property = !first;
    first = false;
    return IsPair(part, is_property);
  });
}

}  // namespace

// Members may be empty.
bool IsTracestate(std::string_view text) {
  if (text.size() > kMaxTraceListBytes) return false;
  size_t members = 0;
  const bool holds = ForEach(text, ',', [&members](std::string_view member) {
    return member.empty() || (++members <= kMaxTraceStates && IsTraceStateMember(member));
  });
  return holds && members > 0;
}

bool IsBaggage(std::string_view text) {
  if (text.size() > kMaxTraceListBytes) return false;
  size_t members = 0;
  return ForEach(text, ',', [&members](std::string_view member) {
    return ++members <= kMaxBaggageMembers && IsBaggageMember(member);
  });
}

}  // namespace chains::internal
