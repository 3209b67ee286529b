#include "chains/core/trace.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace chains::internal {
namespace {

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";

std::string ReadBack(std::string_view traceparent) {
  return ToString(ParseTraceparent(traceparent));
}

TEST(Trace, OnlyAValidTraceparentHasATraceId) {
  const std::string valid = absl::StrCat("00-", kTrace, "-00f067aa0ba902b7-01");
  EXPECT_EQ(ReadBack(valid), kTrace);
  EXPECT_EQ(ReadBack(absl::StrCat("cc-", kTrace, "-00f067aa0ba902b7-01-more")), kTrace);
  EXPECT_EQ(ReadBack(absl::StrCat(valid, "-more")), "");
  EXPECT_EQ(ReadBack(absl::StrCat("cc-", kTrace, "-00f067aa0ba902b7-01more")), "");
  EXPECT_EQ(ReadBack(absl::StrCat("ff-", kTrace, "-00f067aa0ba902b7-01")), "");
  EXPECT_EQ(ReadBack(absl::StrCat("0G-", kTrace, "-00f067aa0ba902b7-01")), "");
  EXPECT_EQ(ReadBack(absl::StrCat("00-", kTrace, "-0000000000000000-01")), "");
  EXPECT_EQ(ReadBack(absl::StrCat("00-", kTrace, "-00f067aa0ba902b7-0x")), "");
  EXPECT_EQ(ReadBack(absl::StrCat("00-", std::string(32, '0'), "-00f067aa0ba902b7-01")), "");
  EXPECT_EQ(ReadBack(absl::StrCat("00-", std::string(32, 'A'), "-00f067aa0ba902b7-01")), "");
  EXPECT_EQ(ReadBack(valid.substr(1)), "");
  EXPECT_EQ(ReadBack(""), "");
}

TEST(Trace, WritesWhatItReads) {
  EXPECT_EQ(TraceparentOf(ParseTraceId(kTrace), 0x00f067aa0ba902b7),
            absl::StrCat("00-", kTrace, "-00f067aa0ba902b7-01"));
  EXPECT_EQ(HexDigits(0x0123456789abcdef), "0123456789abcdef");
  EXPECT_EQ(HexDigits(0xfedcba9876543210), "fedcba9876543210");
  EXPECT_EQ(ToString(TraceId()), "");
}

TEST(Trace, ATraceparentSaysWhoCalledAndWhetherItIsTraced) {
  const Traceparent traced = ReadTraceparent(absl::StrCat("00-", kTrace, "-00f067aa0ba902b7-01"));
  EXPECT_EQ(traced.parent, 0x00f067aa0ba902b7u);
  EXPECT_TRUE(traced.sampled);
  EXPECT_FALSE(ReadTraceparent(absl::StrCat("00-", kTrace, "-00f067aa0ba902b7-00")).sampled);
  // Flags that nobody knows yet.
  EXPECT_FALSE(ReadTraceparent(absl::StrCat("00-", kTrace, "-00f067aa0ba902b7-fe")).sampled);
  EXPECT_TRUE(ReadTraceparent(absl::StrCat("00-", kTrace, "-00f067aa0ba902b7-ff")).sampled);
  const Traceparent none = ReadTraceparent("00-nonsense");
  EXPECT_TRUE(none.trace.empty());
  EXPECT_FALSE(none.sampled);
}

TEST(Trace, SaysWhenNobodyTracesIt) {
  EXPECT_EQ(TraceparentOf(ParseTraceId(kTrace), 1, false),
            absl::StrCat("00-", kTrace, "-0000000000000001-00"));
}

TEST(Trace, BytesAreReadAsTheyAreWritten) {
  const std::string bytes = BytesOf(ParseTraceId(kTrace));
  ASSERT_EQ(bytes.size(), 16u);
  EXPECT_EQ(bytes[0], '\x4b');
  EXPECT_EQ(bytes[15], '\x36');
  EXPECT_EQ(ToString(TraceIdOf(bytes)), kTrace);
  EXPECT_TRUE(TraceIdOf(bytes.substr(1)).empty());
}

TEST(Trace, ANewOneIsNoOther) {
  EXPECT_FALSE(NewTraceId().empty());
  EXPECT_NE(ToString(NewTraceId()), ToString(NewTraceId()));
  EXPECT_NE(NewSpanId(), NewSpanId());
}

TEST(Trace, OnlyDigitsAreAnId) {
  EXPECT_EQ(ToString(ParseTraceId(kTrace)), kTrace);
  for (const char* text :
       {"", "4bf92f3577b34da6", "4bf92f3577b34da6a3ce929d0e0e473x",
        "4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e47360"}) {
    EXPECT_TRUE(ParseTraceId(text).empty()) << text;
  }
}

}  // namespace
}  // namespace chains::internal
