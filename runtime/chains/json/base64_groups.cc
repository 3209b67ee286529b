#include "chains/json/base64_groups.h"

#include <array>
#include <cstdint>
#include <string_view>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace chains::json {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct Pair {
  char first;
  char second;
};

// Two characters for twelve bits: half as many look-ups as one for six.
constexpr std::array<Pair, 4096> kPairs = [] {
  std::array<Pair, 4096> pairs{};
  for (unsigned i = 0; i < pairs.size(); ++i) pairs[i] = {kAlphabet[i >> 6], kAlphabet[i & 63]};
  return pairs;
}();

constexpr uint32_t kWrong = uint32_t{1} << 31;

// What each of the four characters adds to the three bytes; kWrong for what is in no alphabet.
constexpr std::array<std::array<uint32_t, 256>, 4> kValues = [] {
  std::array<std::array<uint32_t, 256>, 4> values{};
  for (unsigned place = 0; place < 4; ++place) {
    const unsigned shift = 18 - 6 * place;
    values[place].fill(kWrong);
    for (uint32_t i = 0; i < 64; ++i) {
      values[place][static_cast<unsigned char>(kAlphabet[i])] = i << shift;
    }
    values[place]['-'] = uint32_t{62} << shift;
    values[place]['_'] = uint32_t{63} << shift;
  }
  return values;
}();

unsigned Byte(char c) { return static_cast<unsigned char>(c); }

void EncodeByTable(const char* bytes, size_t groups, char* text) {
  for (; groups > 0; --groups, bytes += 3, text += 4) {
    const unsigned three = Byte(bytes[0]) << 16 | Byte(bytes[1]) << 8 | Byte(bytes[2]);
    const Pair left = kPairs[three >> 12];
    const Pair right = kPairs[three & 4095];
    text[0] = left.first;
    text[1] = left.second;
    text[2] = right.first;
    text[3] = right.second;
  }
}

bool DecodeByTable(const char* text, size_t groups, char* bytes) {
  uint32_t all = 0;
  for (; groups > 0; --groups, text += 4, bytes += 3) {
    const uint32_t three = kValues[0][Byte(text[0])] | kValues[1][Byte(text[1])] |
                           kValues[2][Byte(text[2])] | kValues[3][Byte(text[3])];
    all |= three;
    bytes[0] = static_cast<char>(three >> 16);
    bytes[1] = static_cast<char>(three >> 8);
    bytes[2] = static_cast<char>(three);
  }
  return (all & kWrong) == 0;
}

#if defined(__x86_64__)

#define CHAINS_AVX2 __attribute__((target("avx2")))

// Both halves of a register with the same 16 bytes.
CHAINS_AVX2 __m256i Twice(const std::array<int8_t, 16>& bytes) {
  const auto* from = reinterpret_cast<const __m128i*>(bytes.data());
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(from));
}

// Eight groups at a time: 24 bytes, spread so that each 32 bits hold one group, cut into sixes by
// two multiplications (which shift each half by its own amount), turned into characters by adding
// what their range of the alphabet starts with.
CHAINS_AVX2 void EncodeByAvx2(const char* bytes, size_t groups, char* text) {
  const __m256i spread = Twice({1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10});
  // Of a-z, of each digit, of + and /, of A-Z.
  const __m256i starts =
      Twice({'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
             '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0});
  // Two loads of 16 bytes of which 12 count: the last four belong to a group that must be there.
  for (; groups >= 10; groups -= 8, bytes += 24, text += 32) {
    const auto* low = reinterpret_cast<const __m128i*>(bytes);
    const auto* high = reinterpret_cast<const __m128i*>(bytes + 12);
    const __m256i loaded = _mm256_set_m128i(_mm_loadu_si128(high), _mm_loadu_si128(low));
    const __m256i group = _mm256_shuffle_epi8(loaded, spread);
    const __m256i first_and_third = _mm256_mulhi_epu16(
        _mm256_and_si256(group, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
    const __m256i second_and_fourth = _mm256_mullo_epi16(
        _mm256_and_si256(group, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
    const __m256i sixes = _mm256_or_si256(first_and_third, second_and_fourth);
    // Which start: 0 for 26 to 51, 1 to 12 for 52 to 63, 13 below 26.
    const __m256i is_upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), sixes);
    const __m256i which = _mm256_or_si256(_mm256_subs_epu8(sixes, _mm256_set1_epi8(51)),
                                          _mm256_and_si256(is_upper, _mm256_set1_epi8(13)));
    const __m256i characters = _mm256_add_epi8(sixes, _mm256_shuffle_epi8(starts, which));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(text), characters);
  }
  EncodeByTable(bytes, groups, text);
}

// Eight groups at a time. A character is one of an alphabet when the kinds that its low four bits
// may belong to include the kind of its high four: one bit a kind, bits 0 to 4.
CHAINS_AVX2 bool DecodeByAvx2(const char* text, size_t groups, char* bytes) {
  // By the high bits: "+-/", digits, A to O and a to o, P to Z and _, p to z.
  const __m256i kinds = Twice({0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0});
  const __m256i allowed = Twice(
      {2 + 8 + 16, 30, 30, 30, 30, 30, 30, 30, 30, 30, 4 + 8 + 16, 1 + 4, 4, 1 + 4, 4, 1 + 4 + 8});
  // From a character to its six bits, by its high bits; those of "+-/" by their low ones.
  const __m256i moves =
      Twice({0, 0, 0, 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0});
  const __m256i signs = Twice({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 62, 0, 63});
  const __m256i gather = Twice({2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1});
  const __m256i four_bits = _mm256_set1_epi8(0x0F);
  // A store of 32 bytes of which 24 count: the rest must be room for groups that follow.
  for (; groups >= 11; groups -= 8, text += 32, bytes += 24) {
    const __m256i in = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(in, 4), four_bits);
    const __m256i low = _mm256_and_si256(in, four_bits);
    const __m256i fits =
        _mm256_and_si256(_mm256_shuffle_epi8(kinds, high), _mm256_shuffle_epi8(allowed, low));
    const __m256i wrong = _mm256_cmpeq_epi8(fits, _mm256_setzero_si256());
    if (_mm256_movemask_epi8(wrong) != 0) return false;
    const __m256i letters = _mm256_add_epi8(in, _mm256_shuffle_epi8(moves, high));
    const __m256i is_sign = _mm256_cmpeq_epi8(high, _mm256_set1_epi8(2));
    const __m256i sixes = _mm256_blendv_epi8(letters, _mm256_shuffle_epi8(signs, low), is_sign);
    const __m256i is_underscore = _mm256_cmpeq_epi8(in, _mm256_set1_epi8('_'));
    const __m256i values =
        _mm256_add_epi8(sixes, _mm256_and_si256(is_underscore, _mm256_set1_epi8(63 - ('_' - 'A'))));
    // Two sixes to twelve bits, two twelves to the 24 of a group, groups side by side.
    const __m256i twelves = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0140));
    const __m256i threes = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
    const __m256i joined = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(threes, gather),
                                                       _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), joined);
  }
  return DecodeByTable(text, groups, bytes);
}

#undef CHAINS_AVX2

#endif

}  // namespace

constexpr Base64Groups kTableBase64 = {.encode = EncodeByTable, .decode = DecodeByTable};

const Base64Groups& FastestBase64() {
#if defined(__x86_64__)
  static constexpr Base64Groups kAvx2 = {.encode = EncodeByAvx2, .decode = DecodeByAvx2};
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) return kAvx2;
#endif
  return kTableBase64;
}

}  // namespace chains::json
