#include "chains/core/constant_time.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace chains {
namespace {

// Counts what is read of a text.
class Counting {
 public:
  Counting(const char* at, size_t& reads) : at_(at), reads_(reads) {}
  char operator*() const {
    ++reads_;
    return *at_;
  }
  Counting& operator++() {
    ++at_;
    return *this;
  }

 private:
  const char* at_;
  size_t& reads_;
};

size_t ReadsOf(const std::string& a, const std::string& b) {
  size_t reads = 0;
  const bool same = SameBytes(Counting(a.data(), reads), Counting(b.data(), reads), a.size());
  EXPECT_EQ(same, a == b);
  return reads;
}

TEST(ConstantTime, ReadsEveryByteWhereverTheFirstDifferenceIs) {
  const std::string secret(32, 'x');
  for (size_t i = 0; i < secret.size(); ++i) {
    std::string other = secret;
    other[i] = 'y';
    EXPECT_EQ(ReadsOf(secret, other), 64u) << "they differ at " << i;
  }
  EXPECT_EQ(ReadsOf(secret, secret), 64u);
}

TEST(ConstantTime, SeesEveryBitOfEveryByte) {
  const std::array<unsigned char, 2> zero{};
  for (size_t i = 0; i < zero.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::array<unsigned char, 2> other{};
      other[i] = static_cast<unsigned char>(1 << bit);
      EXPECT_FALSE(SameBytes(zero, other));
    }
  }
}

TEST(ConstantTime, TextsOfDifferentLengthsDiffer) {
  EXPECT_FALSE(SameBytes(std::string("abc"), std::string("abcd")));
  EXPECT_TRUE(SameBytes(std::string(), std::string()));
}

TEST(ConstantTime, AsksOfEveryKeyWhicheverItIs) {
  const std::vector<int> keys = {1, 2, 3, 4};
  for (const int sought : {1, 3, 4, 9}) {
    int asked = 0;
    const bool found = AnyIs(keys, [&](int key) {
      ++asked;
      return key == sought;
    });
    EXPECT_EQ(found, sought != 9);
    EXPECT_EQ(asked, 4) << sought;
  }
}

}  // namespace
}  // namespace chains
