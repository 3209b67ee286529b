#include "tests/support/kubernetes/quantity.h"

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace chains::deploy::fake {
namespace {

constexpr std::pair<std::string_view, double> kSuffixes[] = {
    {"", 1},        {"n", 1e-9},    {"u", 1e-6},    {"m", 1e-3},
    {"k", 1e3},     {"M", 1e6},     {"G", 1e9},     {"T", 1e12},
    {"P", 1e15},    {"E", 1e18},    {"Ki", 1024.0}, {"Mi", 1048576.0},
    {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60},
};

std::optional<double> FactorOf(std::string_view suffix) {
  for (const auto& [name, factor] : kSuffixes) {
    if (name == suffix) return factor;
  }
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  int exponent = 0;
  if (!absl::SimpleAtoi(std::string(suffix.substr(1)), &exponent)) return std::nullopt;
  return std::pow(10.0, exponent);
}

std::optional<double> ParseText(std::string_view text) {
  size_t end = 0;
  if (end < text.size() && (text[end] == '-' || text[end] == '+')) ++end;
  size_t digits = 0, points = 0;
  for (; end < text.size() && (absl::ascii_isdigit(text[end]) || text[end] == '.'); ++end) {
    ++(text[end] == '.' ? points : digits);
  }
  double number = 0;
  if (digits == 0 || points > 1) return std::nullopt;
  if (!absl::SimpleAtod(std::string(text.substr(0, end)), &number)) return std::nullopt;
  const std::optional<double> factor = FactorOf(text.substr(end));
  return factor ? std::optional<double>(number * *factor) : std::nullopt;
}

}  // namespace

std::optional<double> ParseQuantity(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  return ParseText(value.get_ref<const std::string&>());
}

}  // namespace chains::deploy::fake
