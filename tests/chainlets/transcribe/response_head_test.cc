#include "fetch/response_head.h"

#include <gtest/gtest.h>

namespace transcribe {
namespace {

TEST(ContentRangeTest, IsRead) {
  EXPECT_EQ(ParseContentRange("bytes 0-99/1000"), (ContentRange{0, 99, 1000}));
  EXPECT_EQ(ParseContentRange("Bytes  5-5/6 "), (ContentRange{5, 5, 6}));
  EXPECT_EQ(ParseContentRange("bytes 0-18446744073709551614/18446744073709551615"),
            (ContentRange{0, 18446744073709551614U, 18446744073709551615U}));
}

TEST(ContentRangeTest, IsRefusedWhenItMakesNoSense) {
  for (const char* value :
       {"", "bytes", "bytes ", "bytes 0-99", "bytes 0-99/*", "bytes */1000", "bytes 5-4/10",
        "bytes 0-10/10", "bytes -5/10", "bytes 0--1/10", "items 0-9/10", "bytes 0/5-9",
        "bytes 0-9/10x", "bytes 0x0-9/10", "bytes 0-9/18446744073709551616", "bytes +0-9/10"}) {
    EXPECT_FALSE(ParseContentRange(value).has_value()) << value;
  }
}

TEST(ResponseHeadTest, HoldsWhatFetchingNeeds) {
  ResponseHead head;
  for (const char* line : {"HTTP/1.1 206 Partial Content\r\n", "content-RANGE: bytes 0-9/10\r\n",
                           "Content-Length:10\r\n", "ETag: \"a\"\r\n", "Last-Modified: Mon\r\n",
                           "no colon\r\n", ": no name\r\n", "\r\n"}) {
    head.AddLine(line);
  }
  EXPECT_EQ(head.status(), 206);
  EXPECT_EQ(head.range(), (ContentRange{0, 9, 10}));
  EXPECT_EQ(head.length(), 10);
  EXPECT_EQ(head.version(), "\"a\"");
  EXPECT_FALSE(head.is_redirect());
}

TEST(ResponseHeadTest, ForgetsWhatCameBefore) {
  ResponseHead head;
  head.AddLine("HTTP/1.1 100 Continue\r\n");
  head.AddLine("Location: /elsewhere\r\n");
  head.AddLine("HTTP/1.1 308 Permanent Redirect\r\n");
  EXPECT_EQ(head.location(), "");
  head.AddLine("Location: /there\r\n");
  head.AddLine("Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n");
  EXPECT_TRUE(head.is_redirect());
  EXPECT_EQ(head.location(), "/there");
  EXPECT_EQ(head.version(), "Mon, 01 Jan 2024 00:00:00 GMT");
}

TEST(ResponseHeadTest, KnowsTheSizeOfWhatHasNoSuchRange) {
  ResponseHead head;
  head.AddLine("HTTP/1.1 416 No\r\n");
  head.AddLine("Content-Range: bytes */0\r\n");
  EXPECT_EQ(head.unsatisfied_size(), 0);
  EXPECT_FALSE(head.range().has_value());
}

}  // namespace
}  // namespace transcribe
