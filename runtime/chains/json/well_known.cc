#include "chains/json/well_known.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "chains/core/text.h"

namespace chains::json {
namespace {

constexpr int64_t kFirstSecond = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z
constexpr int64_t kLongestSeconds = 315576000000;
constexpr int32_t kNanos = 1000000000;

// ".25", ".250000000": of 3, 6 or 9 digits; nothing where there are no nanoseconds.
std::string Fraction(int32_t nanos) {
  if (nanos == 0) return "";
  if (nanos % 1000000 == 0) return absl::StrFormat(".%03d", nanos / 1000000);
  if (nanos % 1000 == 0) return absl::StrFormat(".%06d", nanos / 1000);
  return absl::StrFormat(".%09d", nanos);
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whether `text` is written like `form`, where 0 stands for any digit.
bool IsLike(std::string_view text, std::string_view form) {
  return std::equal(text.begin(), text.end(), form.begin(), form.end(),
                    [](char c, char of) { return of == '0' ? absl::ascii_isdigit(c) : c == of; });
}

// Abseil takes more: white space around it, offsets without a colon, a 60th second.
bool IsRfc3339(std::string_view text) {
  constexpr std::string_view kSecond = "0000-00-00T00:00:00";
  if (!IsLike(text.substr(0, kSecond.size()), kSecond) || text[17] > '5') return false;
  text.remove_prefix(kSecond.size());
  if (text.starts_with('.')) {
    const size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (end == 1) return false;
    text.remove_prefix(end);
  }
  return text == "Z" || IsLike(text, "+00:00") || IsLike(text, "-00:00");
}

std::optional<int64_t> Digits(std::string_view text) {
  int64_t number = 0;
  if (!AllDigits(text)) return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<SecondsAndNanos> ParseTimestamp(std::string_view text) {
  absl::Time time;
  std::string error;
  if (!IsRfc3339(text) || !absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, &error)) {
    return std::nullopt;
  }
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds < kFirstSecond || seconds > kLastSecond) return std::nullopt;
  const absl::Duration rest = time - absl::FromUnixSeconds(seconds);
  return SecondsAndNanos{.seconds = seconds,
                         .nanos = static_cast<int32_t>(absl::ToInt64Nanoseconds(rest))};
}

std::optional<std::string> FormatTimestamp(SecondsAndNanos time) {
  if (time.seconds < kFirstSecond || time.seconds > kLastSecond) return std::nullopt;
  if (time.nanos < 0 || time.nanos >= kNanos) return std::nullopt;
  const std::string second = absl::FormatTime(
      "%E4Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(time.seconds), absl::UTCTimeZone());
  return Text(second, Fraction(time.nanos), "Z");
}

std::optional<SecondsAndNanos> ParseDuration(std::string_view text) {
  if (!text.ends_with('s')) return std::nullopt;
  text.remove_suffix(1);
  const int sign = text.starts_with('-') ? -1 : 1;
  if (sign < 0) text.remove_prefix(1);
  const size_t dot = text.find('.');
  const std::optional<int64_t> seconds = Digits(text.substr(0, dot));
  if (!seconds || *seconds > kLongestSeconds) return std::nullopt;
  int64_t nanos = 0;
  if (dot != std::string_view::npos) {
    std::string fraction(text.substr(dot + 1));
    if (!AllDigits(fraction) || fraction.size() > 9) return std::nullopt;
    fraction.resize(9, '0');
    nanos = *Digits(fraction);
  }
  return SecondsAndNanos{.seconds = sign * *seconds, .nanos = static_cast<int32_t>(sign * nanos)};
}

std::optional<std::string> FormatDuration(SecondsAndNanos duration) {
  const auto [seconds, nanos] = duration;
  if (seconds < -kLongestSeconds || seconds > kLongestSeconds) return std::nullopt;
  if (nanos <= -kNanos || nanos >= kNanos) return std::nullopt;
  if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) return std::nullopt;
  const bool negative = seconds < 0 || nanos < 0;
  return Text(negative ? "-" : "", std::abs(seconds), Fraction(std::abs(nanos)), "s");
}

std::optional<std::string> SnakeFromCamel(std::string_view camel) {
  std::string snake;
  bool first = true;  // of a name
  for (const char c : camel) {
    const bool fits = absl::ascii_isalnum(c) || c == '.';
    if (!fits || (first && !absl::ascii_islower(c))) return std::nullopt;
    if (absl::ascii_isupper(c)) snake += '_';
    snake += absl::ascii_tolower(c);
    first = c == '.';
  }
  if (first) return std::nullopt;
  return snake;
}

std::optional<std::string> CamelFromSnake(std::string_view snake) {
  std::string camel;
  bool first = true;  // of a name, or of a word in it
  bool raise = false;
  for (const char c : snake) {
    const bool fits = absl::ascii_isdigit(c) || c == '_' || c == '.';
    if (!absl::ascii_islower(c) && (first || !fits)) return std::nullopt;
    if (c != '_') camel += raise ? absl::ascii_toupper(c) : c;
    raise = c == '_';
    first = raise || c == '.';
  }
  if (first) return std::nullopt;
  return camel;
}

}  // namespace chains::json
