#include "chains/core/trace.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "absl/random/random.h"

namespace chains::internal {
namespace {

constexpr size_t kDigits = 16;  // of a 64-bit number
constexpr std::string_view kBefore = "00-";
constexpr std::string_view kSampled = "-01";
constexpr std::string_view kNotSampled = "-00";
constexpr uint64_t kSampledFlag = 1;

// Ids need to differ, not to be secret. std::mt19937_64 would take 2.5 KiB of the fastest cache.
uint64_t Random() {
  static thread_local absl::InsecureBitGen engine;
  return engine();
}

// Writes 16 digits at once: nibbles in turn from the high ones and the low ones of each byte, then
// the distance to 'a' where one is above 9. absl::StrFormat would take 900 instructions, and digit
// by digit it would be 100, for what takes 20.
char* WriteHex(uint64_t number, char* to) {
  using Digits = uint8_t __attribute__((vector_size(kDigits)));
  using Halves = uint64_t __attribute__((vector_size(kDigits)));
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t kLow = 0x0f0f0f0f0f0f0f0f;
  const uint64_t bytes = __builtin_bswap64(number);
  const auto high = reinterpret_cast<Digits>(Halves{(bytes >> 4) & kLow, 0});
  const auto low = reinterpret_cast<Digits>(Halves{bytes & kLow, 0});
  Digits digits =
      __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  digits += '0' + (reinterpret_cast<Digits>(digits > 9) & ('a' - '0' - 10));
  std::memcpy(to, &digits, sizeof(digits));
  return to + sizeof(digits);
}

char* Write(std::string_view text, char* to) { return std::copy(text.begin(), text.end(), to); }

// 16 for what is no digit in lower case.
unsigned ValueOf(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return 16;
}

bool ReadHex(std::string_view digits, uint64_t& number) {
  number = 0;
  for (char digit : digits) {
    const unsigned value = ValueOf(digit);
    if (value > 15) return false;
    number = number << 4 | value;
  }
  return true;
}

}  // namespace

TraceId NewTraceId() { return {Random(), Random() | 1}; }

uint64_t NewSpanId() { return Random() | 1; }

std::string HexDigits(uint64_t number) {
  std::array<char, kDigits> digits;
  WriteHex(number, digits.data());
  return std::string(digits.data(), digits.size());
}

std::string ToString(TraceId id) {
  if (id.empty()) return {};
  std::array<char, 2 * kDigits> digits;
  WriteHex(id.low, WriteHex(id.high, digits.data()));
  return std::string(digits.data(), digits.size());
}

std::string BytesOf(TraceId id) {
  std::string bytes;
  for (const uint64_t half : {id.high, id.low}) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(half >> shift);
  }
  return bytes;
}

TraceId TraceIdOf(std::string_view bytes) {
  TraceId id;
  if (bytes.size() != 2 * sizeof(uint64_t)) return id;
  for (size_t i = 0; i < bytes.size(); ++i) {
    uint64_t& half = i < sizeof(uint64_t) ? id.high : id.low;
    half = half << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return id;
}

std::string TraceparentOf(TraceId id, uint64_t span, bool sampled) {
  std::array<char, kBefore.size() + 2 * kDigits + 1 + kDigits + kSampled.size()> text;
  char* end = WriteHex(id.low, WriteHex(id.high, Write(kBefore, text.data())));
  Write(sampled ? kSampled : kNotSampled, WriteHex(span, Write("-", end)));
  return std::string(text.data(), text.size());
}

TraceId ParseTraceId(std::string_view digits) {
  TraceId id;
  if (digits.size() != 2 * kDigits || !ReadHex(digits.substr(0, kDigits), id.high) ||
      !ReadHex(digits.substr(kDigits), id.low)) {
    return {};
  }
  return id;
}

// version "-" trace id "-" parent id "-" flags; versions after 00 may have more behind.
Traceparent ReadTraceparent(std::string_view traceparent) {
  if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[35] != '-' ||
      traceparent[52] != '-') {
    return {};
  }
  Traceparent read;
  uint64_t version = 0;
  uint64_t flags = 0;
  if (!ReadHex(traceparent.substr(0, 2), version) || version == 0xff ||
      !ReadHex(traceparent.substr(36, kDigits), read.parent) || read.parent == 0 ||
      !ReadHex(traceparent.substr(53, 2), flags)) {
    return {};
  }
  if (version == 0 ? traceparent.size() != 55 : traceparent.size() > 55 && traceparent[55] != '-') {
    return {};
  }
  read.trace = ParseTraceId(traceparent.substr(3, 2 * kDigits));
  read.sampled = (flags & kSampledFlag) != 0;
  return read;
}

}  // namespace chains::internal
