#include "chains/core/trace.h"

#include <array>
#include <cstdint>
#include <random>

namespace chains::internal {
namespace {

constexpr std::string_view kBefore = "00-";
constexpr std::string_view kAfter = "-01";
constexpr size_t kSpanDigits = 16;

uint64_t Random() {
  static thread_local std::mt19937_64 engine{std::random_device()()};
  return engine();
}

// Sixteen digits of `number`; absl::StrFormat would take 900 instructions a call for two of them.
void AppendHex(uint64_t number, std::string& to) {
  std::array<char, 16> digits;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, number >>= 4) {
    *digit = "0123456789abcdef"[number & 15];
  }
  to.append(digits.data(), digits.size());
}

}  // namespace

std::string NewTraceId() {
  std::string id;
  id.reserve(32);
  AppendHex(Random(), id);
  AppendHex(Random() | 1, id);
  return id;
}

std::string NewSpanId() {
  std::string id;
  AppendHex(Random() | 1, id);
  return id;
}

std::string NewTraceparent(std::string_view trace_id) {
  std::string text;
  text.reserve(kBefore.size() + trace_id.size() + 1 + kSpanDigits + kAfter.size());
  text.append(kBefore).append(trace_id).append("-");
  AppendHex(Random() | 1, text);
  text.append(kAfter);
  return text;
}

std::string_view TraceIdIn(std::string_view traceparent) {
  traceparent.remove_prefix(kBefore.size());
  traceparent.remove_suffix(1 + kSpanDigits + kAfter.size());
  return traceparent;
}

}  // namespace chains::internal
