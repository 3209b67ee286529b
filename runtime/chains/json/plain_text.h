// Finding the end of plain text: in almost every string of a JSON text, all of it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace chains::json {

// Whether `c` stands for itself in a JSON string, alone: ASCII from the space on, but neither '"'
// nor '\\'.
constexpr bool IsPlain(char c) { return c >= 0x20 && c != '"' && c != '\\'; }

namespace internal {

// How many of the first eight bytes are plain; their bits 7 say which are not. A borrow can only
// make the bytes after the first such one look so, too.
inline size_t PlainOfEight(const char* text) {
  constexpr uint64_t kEach = 0x0101010101010101;
  uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof(bytes));
  const uint64_t quotes = bytes ^ kEach * '"';
  const uint64_t backslashes = bytes ^ kEach * '\\';
  const uint64_t below = (bytes - kEach * 0x20) | (quotes - kEach) | (backslashes - kEach);
  const uint64_t special = (below | bytes) & kEach * 0x80;
  return static_cast<size_t>(std::countr_zero(special)) / 8;
}

}  // namespace internal

// How many bytes from `at` on are plain. Sixteen or eight at a time: byte by byte, a MiB of base64
// took as long to look through as all the rest of its conversion.
inline size_t PlainLength(std::string_view text, size_t at) {
  const size_t begin = at;
#if defined(__SSE2__)
  for (; text.size() - at >= 16; at += 16) {
    const __m128i in = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i quotes = _mm_cmpeq_epi8(in, _mm_set1_epi8('"'));
    const __m128i backslashes = _mm_cmpeq_epi8(in, _mm_set1_epi8('\\'));
    const __m128i others = _mm_cmplt_epi8(in, _mm_set1_epi8(0x20));  // below 0: not ASCII
    const int special = _mm_movemask_epi8(_mm_or_si128(others, _mm_or_si128(quotes, backslashes)));
    if (special != 0) {
      return at - begin + static_cast<size_t>(std::countr_zero(static_cast<unsigned>(special)));
    }
  }
#endif
  if constexpr (std::endian::native == std::endian::little) {
    for (; text.size() - at >= 8; at += 8) {
      const size_t plain = internal::PlainOfEight(text.data() + at);
      if (plain < 8) return at - begin + plain;
    }
    // The rest together with some before it, which is plain.
    if (at - begin >= 8 && at < text.size()) {
      const size_t plain = internal::PlainOfEight(text.data() + text.size() - 8);
      return text.size() - 8 + plain - begin;
    }
  }
  while (at < text.size() && IsPlain(text[at])) ++at;
  return at - begin;
}

}  // namespace chains::json
