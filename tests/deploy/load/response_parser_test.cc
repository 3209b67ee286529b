#include "deploy/load/response_parser.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::load {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kPlain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nA: "
    "b\r\n\r\n";

TEST(ResponseParser, ReadsOneByContentLength) {
  ResponseParser parser;
  parser.Feed(kPlain);
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.status(), 200);
  EXPECT_TRUE(parser.keep_alive());
  EXPECT_EQ(parser.words(), "");
}

TEST(ResponseParser, ReadsPiecesOfAnySize) {
  for (std::string_view response : {kPlain, kChunked}) {
    for (size_t size = 1; size < response.size(); ++size) {
      ResponseParser parser;
      for (size_t at = 0; at < response.size(); at += size) {
        EXPECT_FALSE(parser.done()) << size << " " << at;
        parser.Feed(response.substr(at, size));
      }
      EXPECT_EQ(parser.problem(), "");
      EXPECT_TRUE(parser.done()) << size << " of " << response;
    }
  }
}

TEST(ResponseParser, BeginsAnewForTheNextResponse) {
  ResponseParser parser;
  parser.Feed("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nlate");
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.status(), 503);
  EXPECT_EQ(parser.words(), "late");
  parser.Reset();
  EXPECT_FALSE(parser.done());
  parser.Feed(kChunked);
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.status(), 200);
  EXPECT_EQ(parser.words(), "");
}

TEST(ResponseParser, SkipsInterimResponses) {
  ResponseParser parser;
  parser.Feed(std::string("HTTP/1.1 100 Continue\r\n\r\n").append(kPlain));
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.status(), 200);
}

TEST(ResponseParser, KnowsWhenTheConnectionEndsWithTheResponse) {
  ResponseParser parser;
  parser.Feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(parser.done());
  EXPECT_FALSE(parser.keep_alive());
  parser.Reset();
  parser.Feed("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  EXPECT_FALSE(parser.done());
  parser.FeedEnd();
  ASSERT_TRUE(parser.done());
  EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, RefusesWhatEndsTooEarly) {
  for (std::string_view cut :
       {"", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"}) {
    ResponseParser parser;
    parser.Feed(cut);
    parser.FeedEnd();
    EXPECT_FALSE(parser.done()) << cut;
    EXPECT_NE(parser.problem(), "") << cut;
  }
}

TEST(ResponseParser, RefusesWhatIsNotHttpOrTooMuch) {
  ResponseParser other;
  other.Feed("220 mail.example ESMTP\r\n\r\n");
  EXPECT_NE(other.problem(), "");
  ResponseParser more;
  more.Feed(std::string(kPlain).append(kPlain));
  EXPECT_THAT(more.problem(), HasSubstr("more came"));
  ResponseParser endless;
  endless.Feed("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 100 && endless.problem().empty(); ++i) {
    endless.Feed("A: " + std::string(1000, 'a') + "\r\n");
  }
  EXPECT_NE(endless.problem(), "");
}

TEST(ResponseParser, KeepsOnlyTheBeginningOfWhatAnErrorSays) {
  ResponseParser parser;
  parser.Feed("HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  ASSERT_TRUE(parser.done());
  EXPECT_LT(parser.words().size(), 1000u);
}

}  // namespace
}  // namespace chains::load
