#include "gateway/body/range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

// Of a file of 100 bytes: "10-19", "none" for 416, "whole".
std::string Span(std::string_view header, uint64_t size = 100) {
  const std::optional<ByteRange> range = ParseRange(header);
  if (!range) return "whole";
  const std::optional<ByteSpan> span = SpanOf(*range, size);
  return span ? Text(span->first, "-", span->last) : "none";
}

TEST(Range, IsPartOfAFile) {
  EXPECT_EQ(Span("bytes=10-19"), "10-19");
  EXPECT_EQ(Span("Bytes= 10-19 "), "10-19");
  EXPECT_EQ(Span("bytes=0-0"), "0-0");
  EXPECT_EQ(Span("bytes=10-"), "10-99");
  EXPECT_EQ(Span("bytes=10-1000"), "10-99");
  EXPECT_EQ(Span("bytes=-10"), "90-99");
  EXPECT_EQ(Span("bytes=-1000"), "0-99");
  EXPECT_EQ(Span("bytes=0-18446744073709551615"), "0-99");
}

TEST(Range, MayBeNone) {
  EXPECT_EQ(Span("bytes=100-"), "none");
  EXPECT_EQ(Span("bytes=-0"), "none");
  EXPECT_EQ(Span("bytes=0-", 0), "none");
  EXPECT_EQ(Span("bytes=-5", 0), "none");
}

TEST(Range, IsTheWholeWhereItIsNotOneRange) {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=1", "bytes=1-2,4-5", "items=1-2", "bytes=2-1",
        "bytes=a-b", "bytes=-1-2", "bytes=+1-2", "bytes=1--2", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(Span(header), "whole") << header;
  }
}

TEST(Range, ComparesTags) {
  EXPECT_TRUE(ListsEtag("\"a\"", "a"));
  EXPECT_TRUE(ListsEtag("\"x,y\", W/\"a\"", "a"));
  EXPECT_TRUE(ListsEtag(" * ", "a"));
  for (const char* header : {"", "a", "\"b\"", "\"a", "\"\"", "\"b\", \"a"}) {
    EXPECT_FALSE(ListsEtag(header, "a")) << header;
  }
  EXPECT_FALSE(ListsEtag("*", ""));
  EXPECT_FALSE(ListsEtag("\"\"", ""));
}

TEST(Range, HoldsForTheSameBytesOnly) {
  const absl::Time time = absl::FromUnixSeconds(1764162000);
  EXPECT_EQ(HttpDate(time), "Wed, 26 Nov 2025 13:00:00 GMT");
  EXPECT_TRUE(IsSame("\"a\"", "a", time));
  EXPECT_FALSE(IsSame("W/\"a\"", "a", time));
  EXPECT_FALSE(IsSame("\"\"", "", time));
  EXPECT_TRUE(IsSame("Wed, 26 Nov 2025 13:00:00 GMT", "a", time));
  EXPECT_FALSE(IsSame("Wed, 26 Nov 2025 13:00:01 GMT", "a", time));
  EXPECT_FALSE(IsSame("Wed, 26 Nov 2025 13:00:00 GMT", "a", std::nullopt));
}

}  // namespace
}  // namespace chains::gateway
