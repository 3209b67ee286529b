#include "chains/json/base64.h"

#include <array>
#include <cstdint>

namespace chains::json {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> kValues = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 64; ++i) values[static_cast<unsigned char>(kAlphabet[i])] = i;
  values['-'] = 62;
  values['_'] = 63;
  return values;
}();

unsigned Byte(std::string_view bytes, size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

int Value(char c) { return kValues[static_cast<unsigned char>(c)]; }

}  // namespace

void AppendBase64(std::string_view bytes, std::string& out) {
  size_t to = out.size();
  out.resize(to + (bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const unsigned three = Byte(bytes, at) << 16 | Byte(bytes, at + 1) << 8 | Byte(bytes, at + 2);
    out[to++] = kAlphabet[three >> 18];
    out[to++] = kAlphabet[three >> 12 & 63];
    out[to++] = kAlphabet[three >> 6 & 63];
    out[to++] = kAlphabet[three & 63];
  }
  const size_t missing = (3 - bytes.size() % 3) % 3;
  for (size_t i = 1; i <= missing; ++i) out[out.size() - i] = '=';
}

bool AppendFromBase64(std::string_view text, std::string& out) {
  if (text.size() % 4 == 0 && text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  const size_t whole = text.size() / 4 * 4;
  const size_t rest = text.size() - whole;
  if (rest == 1) return false;
  size_t to = out.size();
  out.resize(to + whole / 4 * 3);
  int all = 0;  // negative once anything was
  for (size_t at = 0; at < whole; at += 4) {
    const int a = Value(text[at]), b = Value(text[at + 1]), c = Value(text[at + 2]),
              d = Value(text[at + 3]);
    all |= a | b | c | d;
    const unsigned three = static_cast<unsigned>(a) << 18 | static_cast<unsigned>(b) << 12 |
                           static_cast<unsigned>(c) << 6 | static_cast<unsigned>(d);
    out[to++] = static_cast<char>(three >> 16);
    out[to++] = static_cast<char>(three >> 8);
    out[to++] = static_cast<char>(three);
  }
  if (rest == 0) return all >= 0;
  const int a = Value(text[whole]), b = Value(text[whole + 1]);
  const int c = rest == 3 ? Value(text[whole + 2]) : 0;
  all |= a | b | c;
  const unsigned three = static_cast<unsigned>(a) << 18 | static_cast<unsigned>(b) << 12 |
                         static_cast<unsigned>(c) << 6;
  out += static_cast<char>(three >> 16);
  if (rest == 3) out += static_cast<char>(three >> 8);
  return all >= 0;
}

}  // namespace chains::json
