#include "gateway/body/query.h"

#include "absl/strings/ascii.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kShownOfAValue = 40;

int DigitOf(char c) {
  if (absl::ascii_isdigit(c)) return c - '0';
  return absl::ascii_isxdigit(c) ? absl::ascii_tolower(c) - 'a' + 10 : -1;
}

absl::StatusOr<std::string> Decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? DigitOf(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? DigitOf(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return absl::InvalidArgumentError(
          Text("the query has a '%' that two hexadecimal digits do not follow: \"",
               text.substr(i, kShownOfAValue), "\""));
    }
    decoded += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return decoded;
}

}  // namespace

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> QueryOf(std::string_view target) {
  std::vector<std::pair<std::string, std::string>> pairs;
  target = target.substr(0, target.find('#'));
  size_t at = target.find('?');
  while (at != std::string_view::npos) {
    const size_t end = target.find('&', at + 1);
    const std::string_view pair = target.substr(at + 1, end - at - 1);
    at = end;
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    absl::StatusOr<std::string> name = Decoded(pair.substr(0, equals));
    if (!name.ok()) return name.status();
    absl::StatusOr<std::string> value =
        Decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!value.ok()) return value.status();
    pairs.emplace_back(*std::move(name), *std::move(value));
  }
  return pairs;
}

}  // namespace chains::gateway
