#include "chains/json/json_numbers.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "chains/json/json_reader.h"

namespace chains::json {
namespace {

bool IsJsonNumber(std::string_view text) {
  if (text.empty() || (text[0] != '-' && (text[0] < '0' || text[0] > '9'))) return false;
  JsonReader reader(text);
  std::string_view number;
  return reader.ReadNumber(number) && number.size() == text.size();
}

template <typename Integer>
std::optional<Integer> ToInteger(std::string_view text, double lowest, double beyond) {
  Integer whole{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, whole);
  if (parsed.ec == std::errc() && parsed.ptr == end) return whole;
  if (text.find_first_of(".eE") == std::string_view::npos) return std::nullopt;
  const std::optional<double> number = ToDouble(text);
  if (!number || *number != std::trunc(*number)) return std::nullopt;
  if (*number < lowest || *number >= beyond) return std::nullopt;
  return static_cast<Integer>(*number);
}

}  // namespace

std::optional<int64_t> ToInt64(std::string_view text) {
  return ToInteger<int64_t>(text, -0x1p63, 0x1p63);
}

std::optional<uint64_t> ToUint64(std::string_view text) {
  return ToInteger<uint64_t>(text, 0, 0x1p64);
}

std::optional<double> ToDouble(std::string_view text) {
  if (!IsJsonNumber(text)) return std::nullopt;
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec == std::errc()) return number;
  // Out of range at either end: strtod tells which.
  number = std::strtod(std::string(text).c_str(), nullptr);
  if (std::isinf(number)) return std::nullopt;
  return number;
}

}  // namespace chains::json
