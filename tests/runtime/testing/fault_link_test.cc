// One direction of a connection, on a clock that only the test moves.
#include "chains/testing/fault_link.h"

#include <bit>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace chains::testing {
namespace {

using absl::Milliseconds;

const absl::Time kStart = absl::UnixEpoch() + absl::Hours(1);

// All that is due at `now`.
std::string Take(FaultLink& link, absl::Time now) {
  std::string all;
  for (std::string_view out = link.Ready(now); !out.empty(); out = link.Ready(now)) {
    all += out;
    link.Sent(out.size());
  }
  return all;
}

TEST(FaultLinkTest, WithoutFaultsPassesAtOnce) {
  FaultLink link({}, 1);
  link.Feed("hello", kStart);
  EXPECT_EQ(link.Ready(kStart), "hello");
  link.Sent(2);
  EXPECT_EQ(Take(link, kStart), "llo");
  EXPECT_EQ(link.NextChange(kStart), absl::InfiniteFuture());
  link.FeedEnd(kStart);
  EXPECT_TRUE(link.EndIsDue(kStart));
  EXPECT_FALSE(link.CutIsDue());
}

TEST(FaultLinkTest, DelaysBytesAndTheEndBehindThem) {
  FaultLink link({.delay = Milliseconds(50)}, 1);
  link.Feed("a", kStart);
  link.FeedEnd(kStart);
  EXPECT_EQ(Take(link, kStart + Milliseconds(49)), "");
  EXPECT_EQ(link.NextChange(kStart), kStart + Milliseconds(50));
  EXPECT_FALSE(link.EndIsDue(kStart + Milliseconds(50)));  // not before what it ends
  EXPECT_EQ(Take(link, kStart + Milliseconds(50)), "a");
  EXPECT_TRUE(link.EndIsDue(kStart + Milliseconds(50)));
}

TEST(FaultLinkTest, JitterNeverChangesTheOrder) {
  FaultLink link({.delay = Milliseconds(50), .jitter = Milliseconds(50)}, 7);
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    const std::string piece(1, static_cast<char>('!' + i % 90));
    link.Feed(piece, kStart + Milliseconds(i));
    sent += piece;
  }
  EXPECT_NE(Take(link, kStart + Milliseconds(100)), sent);
  FaultLink again({.delay = Milliseconds(50), .jitter = Milliseconds(50)}, 7);
  for (int i = 0; i < 100; ++i) again.Feed(sent.substr(i, 1), kStart + Milliseconds(i));
  EXPECT_EQ(Take(again, kStart + Milliseconds(200)), sent);
}

TEST(FaultLinkTest, ASlowLineIsSlowThroughout) {
  FaultLink link({.bytes_per_second = 1000}, 1);
  link.Feed(std::string(1000, 'x'), kStart);
  const size_t half = Take(link, kStart + Milliseconds(500)).size();
  EXPECT_EQ(half, 500u);
  EXPECT_EQ(Take(link, kStart + Milliseconds(1000)).size(), 500u);
}

TEST(FaultLinkTest, IsCutOnceTheBytesBeforeItAreThrough) {
  FaultLink link({.delay = Milliseconds(5), .cut_after = 4}, 1);
  link.Feed("abc", kStart);
  EXPECT_TRUE(link.wants_more());
  link.Feed("def", kStart);
  EXPECT_FALSE(link.wants_more());
  EXPECT_FALSE(link.CutIsDue());
  EXPECT_EQ(Take(link, kStart + Milliseconds(5)), "abcd");
  EXPECT_TRUE(link.CutIsDue());
}

TEST(FaultLinkTest, AHalfOpenLinkPassesNeitherBytesNorTheEnd) {
  FaultLink link({.stall_after = 2}, 1);
  link.Feed("abc", kStart);
  link.Feed("d", kStart);
  link.FeedEnd(kStart);
  EXPECT_EQ(Take(link, kStart + absl::Hours(1)), "ab");
  EXPECT_FALSE(link.EndIsDue(kStart + absl::Hours(1)));
  EXPECT_FALSE(link.CutIsDue());
  EXPECT_EQ(link.fed(), 4);
}

TEST(FaultLinkTest, CorruptsABitOnceInAWhile) {
  FaultLink link({.corrupt_every = 100}, 3);
  const std::string sent(10'000, 'a');
  for (size_t i = 0; i < sent.size(); i += 7) link.Feed(sent.substr(i, 7), kStart);
  const std::string got = Take(link, kStart);
  ASSERT_EQ(got.size(), sent.size());
  int others = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const auto bits = static_cast<unsigned char>(got[i] ^ sent[i]);
    EXPECT_LE(std::popcount(bits), 1);
    others += bits != 0;
  }
  EXPECT_GT(others, 50);
  EXPECT_LT(others, 200);
}

TEST(FaultLinkTest, WhatItHoldsIsBounded) {
  FaultLink link({.delay = absl::Hours(1)}, 1);
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(link.wants_more());
    link.Feed(piece, kStart);
  }
  EXPECT_FALSE(link.wants_more());
  Take(link, kStart + absl::Hours(1));
  EXPECT_TRUE(link.wants_more());
}

TEST(FaultLinkTest, HealingLeavesTheTimesOfWhatIsOnItsWay) {
  FaultLink link({.delay = Milliseconds(50)}, 1);
  link.Feed("a", kStart);
  link.SetFaults({});
  link.Feed("b", kStart);
  EXPECT_EQ(Take(link, kStart + Milliseconds(49)), "");  // b does not overtake a
  EXPECT_EQ(Take(link, kStart + Milliseconds(50)), "ab");
}

}  // namespace
}  // namespace chains::testing
