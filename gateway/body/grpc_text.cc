#include "gateway/body/grpc_text.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kMaxDigits = 8;

std::optional<absl::Duration> UnitOf(char unit) {
  switch (unit) {
    case 'H':
      return absl::Hours(1);
    case 'M':
      return absl::Minutes(1);
    case 'S':
      return absl::Seconds(1);
    case 'm':
      return absl::Milliseconds(1);
    case 'u':
      return absl::Microseconds(1);
    case 'n':
      return absl::Nanoseconds(1);
    default:
      return std::nullopt;
  }
}

}  // namespace

bool IsGrpcContentType(std::string_view type) {
  constexpr absl::string_view kType = "application/grpc";
  if (!absl::StartsWithIgnoreCase(ToAbsl(type), kType)) return false;
  type.remove_prefix(kType.size());
  return type.empty() || type.front() == '+' || type.front() == ';' || type.front() == ' ';
}

std::optional<absl::Duration> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > kMaxDigits + 1) return std::nullopt;
  int64_t count = 0;
  for (const char digit : text.substr(0, text.size() - 1)) {
    if (!absl::ascii_isdigit(digit)) return std::nullopt;
    count = count * 10 + (digit - '0');
  }
  const std::optional<absl::Duration> unit = UnitOf(text.back());
  if (!unit) return std::nullopt;
  return count * *unit;
}

std::string QuoteGrpcMessage(std::string_view message) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string quoted;
  quoted.reserve(message.size());
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7E && c != '%') {
      quoted += c;
    } else {
      quoted += '%';
      quoted += kDigits[byte / 16];
      quoted += kDigits[byte % 16];
    }
  }
  return quoted;
}

}  // namespace chains::gateway
