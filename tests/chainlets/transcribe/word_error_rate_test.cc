#include "tools/word_error_rate.h"

#include <gtest/gtest.h>

namespace transcribe {
namespace {

TEST(WordErrorRateTest, IsZeroForTheSameWords) {
  EXPECT_EQ(CountWordErrors("ten of clubs", "Ten  of\nclubs ").errors, 0);
  EXPECT_EQ(CountWordErrors("", "").Percent(), 0);
}

TEST(WordErrorRateTest, CountsEachWordToChange) {
  EXPECT_EQ(CountWordErrors("ten of clubs", "ten clubs").errors, 1);
  EXPECT_EQ(CountWordErrors("ten of clubs", "ten of the clubs").errors, 1);
  EXPECT_EQ(CountWordErrors("ten of clubs", "ten off clubs").errors, 1);
  EXPECT_EQ(CountWordErrors("ten of clubs", "i've been up close").errors, 4);
  EXPECT_EQ(CountWordErrors("ten of clubs", "").errors, 3);
  EXPECT_EQ(CountWordErrors("", "ten of clubs").errors, 3);
}

TEST(WordErrorRateTest, AddsUpOverRecordings) {
  WordErrors errors = CountWordErrors("five five", "five");
  errors += CountWordErrors("eight of spades", "eight of spades");
  EXPECT_EQ(errors.errors, 1);
  EXPECT_EQ(errors.words, 5);
  EXPECT_DOUBLE_EQ(errors.Percent(), 20);
}

}  // namespace
}  // namespace transcribe
