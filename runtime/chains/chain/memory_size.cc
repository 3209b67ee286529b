#include "chains/chain/memory_size.h"

#include <limits>

namespace chains::internal {
namespace {

// -1: not a unit.
int ShiftOf(std::string_view unit) {
  if (unit.empty()) return 0;
  if (unit == "Ki") return 10;
  if (unit == "Mi") return 20;
  if (unit == "Gi") return 30;
  if (unit == "Ti") return 40;
  return -1;
}

}  // namespace

std::optional<int64_t> ParseMemorySize(std::string_view text) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  size_t digits = 0;
  int64_t value = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    const int digit = text[digits] - '0';
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  const int shift = ShiftOf(text.substr(digits));
  if (digits == 0 || shift < 0 || value > (kMax >> shift)) return std::nullopt;
  return value << shift;
}

}  // namespace chains::internal
