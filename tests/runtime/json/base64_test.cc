// Base64 by tables and by vectors against one written for clarity, at every length and position.
#include "chains/json/base64.h"

#include <gtest/gtest.h>

#include "chains/json/base64_groups.h"

namespace chains::json {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
// Vectors take eight groups at a time and leave ten to the tables: this has both, twice.
constexpr size_t kGroups = 2 * 8 + 10;

// As RFC 4648 says it: bits in a row, six a character.
std::string Spelled(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  for (size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
    unsigned six = 0;
    for (size_t i = bit; i < bit + 6; ++i) {
      const unsigned byte = i / 8 < bytes.size() ? static_cast<unsigned char>(bytes[i / 8]) : 0;
      six = six << 1 | (byte >> (7 - i % 8) & 1);
    }
    text += alphabet[six];
  }
  return text;
}

std::string Padded(std::string text) {
  while (text.size() % 4 != 0) text += '=';
  return text;
}

// Unlike at every place, and of all values.
std::string SomeBytes(size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<char>(seed >> 24);
  }
  return bytes;
}

class Base64Ways : public testing::TestWithParam<const Base64Groups*> {
 protected:
  static std::string Encoded(std::string_view bytes) {
    std::string text(bytes.size() / 3 * 4, '?');
    GetParam()->encode(bytes.data(), bytes.size() / 3, text.data());
    return text;
  }
  // Empty where it is refused.
  static std::string Decoded(std::string_view text) {
    std::string bytes(text.size() / 4 * 3, '?');
    return GetParam()->decode(text.data(), text.size() / 4, bytes.data()) ? bytes : "";
  }
};

TEST_P(Base64Ways, TurnEveryNumberOfGroups) {
  for (size_t groups = 0; groups <= 70; ++groups) {
    const std::string bytes = SomeBytes(3 * groups, static_cast<unsigned>(groups));
    EXPECT_EQ(Encoded(bytes), Spelled(bytes, kStandard));
    EXPECT_EQ(Decoded(Spelled(bytes, kStandard)), bytes);
    EXPECT_EQ(Decoded(Spelled(bytes, kUrl)), bytes);
  }
}

TEST_P(Base64Ways, TurnEveryByteAtEveryPlace) {
  for (size_t at = 0; at < 3 * kGroups; ++at) {
    std::string bytes = SomeBytes(3 * kGroups, 1);
    for (int byte = 0; byte < 256; ++byte) {
      bytes[at] = static_cast<char>(byte);
      ASSERT_EQ(Encoded(bytes), Spelled(bytes, kStandard)) << byte << " at " << at;
    }
  }
}

TEST_P(Base64Ways, ReadEveryCharacterAtEveryPlaceAndRefuseAllOthers) {
  const std::string bytes = SomeBytes(3 * kGroups, 2);
  const std::string good = Spelled(bytes, kStandard);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string text = good;
    for (int c = 0; c < 256; ++c) {
      text[at] = static_cast<char>(c);
      const size_t six = std::min(kStandard.find(text[at]), kUrl.find(text[at]));
      const std::string read = Decoded(text);
      ASSERT_EQ(read.empty(), six == std::string_view::npos) << c << " at " << at;
      if (read.empty()) continue;
      std::string same = good;
      same[at] = kStandard[six];
      ASSERT_EQ(Spelled(read, kStandard), same) << c << " at " << at;
    }
  }
}

// Both ends of both texts lie against what must not be touched.
TEST_P(Base64Ways, WriteNothingBeyondTheirRoom) {
  for (size_t groups = 0; groups <= 40; ++groups) {
    const std::string bytes = SomeBytes(3 * groups, 3);
    std::string text(4 * groups + 64, '#');
    GetParam()->encode(bytes.data(), groups, text.data());
    EXPECT_EQ(text.substr(4 * groups), std::string(64, '#'));
    std::string back(3 * groups + 64, '#');
    EXPECT_TRUE(GetParam()->decode(text.data(), groups, back.data()));
    EXPECT_EQ(back, bytes + std::string(64, '#'));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Base64Ways, testing::Values(&kTableBase64, &FastestBase64()),
                         [](const auto& info) { return info.index == 0 ? "Tables" : "Fastest"; });

TEST(Base64, WritesRfc4648) {
  std::string text;
  for (const char* bytes : {"", "f", "fo", "foo", "foob", "foobar"}) {
    AppendBase64(bytes, text);
    text += ' ';
  }
  EXPECT_EQ(text, " Zg== Zm8= Zm9v Zm9vYg== Zm9vYmFy ");
}

TEST(Base64, GoesThereAndBackAtEveryLengthInBothAlphabetsPaddedOrNot) {
  // Beyond what is done in one piece.
  for (size_t size = 0; size < 3500; size += size < 300 ? 1 : 127) {
    const std::string bytes = SomeBytes(size, static_cast<unsigned>(size));
    std::string text = "before";
    AppendBase64(bytes, text);
    EXPECT_EQ(text, "before" + Padded(Spelled(bytes, kStandard)));
    for (const std::string_view alphabet : {kStandard, kUrl}) {
      for (const std::string& read : {Spelled(bytes, alphabet), Padded(Spelled(bytes, alphabet))}) {
        std::string back = "before";
        ASSERT_TRUE(AppendFromBase64(read, back)) << read;
        ASSERT_EQ(back, "before" + bytes);
        ASSERT_EQ(SizeFromBase64(read), size);
      }
    }
  }
}

TEST(Base64, MayMixTheAlphabets) {
  std::string bytes;
  EXPECT_TRUE(AppendFromBase64("+/-_Zg==", bytes));
  EXPECT_EQ(bytes, "\xFB\xFF\xBF\x66");
}

TEST(Base64, RefusesEverythingElse) {
  for (const char* text :
       {"Z", "Zg=", "Zg===", "Z===", "====", "=", "Zm9v=", "Zm 9v", "Zm9\xFF", "Zm=v", "*", "Zg\n",
        // Bits to spare that are not zero.
        "Zh", "Zh==", "Zm9", "Zm9=", "Zv"}) {
    std::string bytes;
    EXPECT_FALSE(AppendFromBase64(text, bytes)) << text;
  }
}

}  // namespace
}  // namespace chains::json
