// The end of plain text is found at every place, whatever stands there and behind it.
#include "chains/json/plain_text.h"

#include <string>

#include <gtest/gtest.h>

namespace chains::json {
namespace {

// What RFC 8259 lets stand in a string as it is, of ASCII.
bool MayStand(int c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

TEST(PlainText, EndsAtTheFirstByteThatIsNotPlain) {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      if (at + 1 < size) text[at + 1] = '\n';  // may not hide what is before it
      for (int c = 0; c < 256; ++c) {
        text[at] = static_cast<char>(c);
        const size_t expected = MayStand(c) ? std::min(at + 1, size) : at;
        ASSERT_EQ(PlainLength(text, 0), expected) << "byte " << c << " at " << at << " of " << size;
      }
    }
  }
}

TEST(PlainText, BeginsWhereItIsTold) {
  const std::string text = "\"" + std::string(20, 'x') + "\"";
  EXPECT_EQ(PlainLength(text, 0), 0u);
  EXPECT_EQ(PlainLength(text, 1), 20u);
  EXPECT_EQ(PlainLength(text, 20), 1u);
  EXPECT_EQ(PlainLength(text, text.size()), 0u);
}

// Without SSE2 eight bytes at a time are the first to look.
TEST(PlainText, IsFoundInEightBytesAsInSixteen) {
  for (size_t at = 0; at < 8; ++at) {
    std::string text(8, 'x');
    if (at + 1 < text.size()) text[at + 1] = '!';
    for (int c = 0; c < 256; ++c) {
      text[at] = static_cast<char>(c);
      ASSERT_EQ(internal::PlainOfEight(text.data()), MayStand(c) ? 8 : at) << c << " at " << at;
    }
  }
}

}  // namespace
}  // namespace chains::json
