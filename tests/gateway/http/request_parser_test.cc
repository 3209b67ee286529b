#include "gateway/http/request_parser.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

constexpr RequestParser::Limits kSmall{.max_head_bytes = 1024, .max_body_bytes = 100};

// Offers `bytes` in pieces of at most `piece`; answers how many were taken.
size_t FeedAll(RequestParser& parser, const std::string& bytes, size_t piece) {
  size_t taken = 0;
  size_t offered = 0;
  while (!parser.done() && !parser.problem()) {
    const bool had_head = parser.has_head();
    const size_t step = parser.Feed(std::string_view(bytes).substr(taken, offered - taken));
    taken += step;
    if (step > 0 || parser.has_head() != had_head) continue;
    if (offered == bytes.size()) break;
    offered = std::min(bytes.size(), offered + piece);
  }
  return taken;
}

int StatusOf(const std::string& bytes, RequestParser::Limits limits = kSmall) {
  RequestParser parser(limits);
  FeedAll(parser, bytes, bytes.size());
  if (parser.problem()) return parser.problem()->status;
  return parser.done() ? 200 : 0;
}

TEST(RequestParser, ReadsARequestInPiecesOfAnySize) {
  const std::string bytes =
      "POST /run_remote?x=1 HTTP/1.1\r\nHost: a\r\nX-User: Ada \r\nContent-Length: "
      "5\r\n\r\nhellonext";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    RequestParser parser(kSmall);
    EXPECT_FALSE(parser.begun());
    EXPECT_EQ(FeedAll(parser, bytes, piece), bytes.size() - 4);
    ASSERT_TRUE(parser.done());
    const Request request = parser.Take();
    EXPECT_EQ(request.head.method, "POST");
    EXPECT_EQ(request.head.target, "/run_remote?x=1");
    EXPECT_EQ(request.head.Header("x-user"), "Ada");
    EXPECT_TRUE(request.head.keep_alive);
    EXPECT_EQ(request.head.content_length, 5u);
    EXPECT_EQ(request.body, "hello");
    EXPECT_FALSE(parser.begun());
  }
}

TEST(RequestParser, ReadsChunksWithExtensionsAndTrailers) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nAuthorization: Api-Key sneaky\r\n\r\n";
  for (const size_t piece : {size_t{1}, size_t{7}, bytes.size()}) {
    RequestParser parser(kSmall);
    FeedAll(parser, bytes, piece);
    ASSERT_TRUE(parser.done());
    const Request request = parser.Take();
    EXPECT_EQ(request.body, "hello!");
    EXPECT_EQ(request.head.Header("authorization"), std::nullopt);
  }
}

// Beast asserts that after "0\r\n" two bytes are there at once.
TEST(RequestParser, ReadsABodyWithoutChunksInPiecesOfAnySize) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    RequestParser parser(kSmall);
    EXPECT_EQ(FeedAll(parser, bytes, piece), bytes.size());
    ASSERT_TRUE(parser.done()) << piece;
    EXPECT_EQ(parser.Take().body, "");
  }
}

// Who sends slowly is not kept waiting for what he has sent: a chunk's bytes are taken as they
// come.
TEST(RequestParser, TakesAPieceOfAChunkAtOnce) {
  RequestParser parser(kSmall);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(FeedAll(parser, head + "5\r\nhe", 100), head.size() + 5);
  EXPECT_EQ(parser.TakeBody(), "he");
  EXPECT_EQ(FeedAll(parser, "l", 1), 1u);
  EXPECT_EQ(parser.TakeBody(), "l");
}

TEST(RequestParser, ReadsOneRequestAfterAnother) {
  RequestParser parser(kSmall);
  const std::string bytes = "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n";
  const size_t first = FeedAll(parser, bytes, bytes.size());
  EXPECT_EQ(parser.Take().head.target, "/a");
  FeedAll(parser, bytes.substr(first), bytes.size());
  EXPECT_EQ(parser.Take().head.target, "/b");
}

TEST(RequestParser, TakesTheHostOutOfTheTarget) {
  RequestParser parser(kSmall);
  FeedAll(parser, "GET http://example.com/a?b HTTP/1.1\r\nHost: a\r\n\r\n", 100);
  EXPECT_EQ(parser.Take().head.target, "/a?b");
  FeedAll(parser, "GET http://example.com HTTP/1.1\r\nHost: a\r\n\r\n", 100);
  EXPECT_EQ(parser.Take().head.target, "/");
}

TEST(RequestParser, KnowsWhetherTheConnectionStays) {
  const auto keeps = [](const std::string& bytes) {
    RequestParser parser(kSmall);
    FeedAll(parser, bytes, bytes.size());
    return parser.head().keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestParser, RefusesWhatIsNoHttp) {
  for (const char* bytes :
       {"hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nHost a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"}) {
    EXPECT_EQ(StatusOf(bytes), 400) << bytes;
  }
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"), 501);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n"), 417);
  EXPECT_EQ(StatusOf("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_NE(StatusOf("GET / HTTP/1.1\nHost: a\n\n"), 200);
}

TEST(RequestParser, BoundsHeadAndBody) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(StatusOf(head + "X: " + std::string(2000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(StatusOf("GET /" + std::string(2000, 'x')), 431);
  EXPECT_EQ(StatusOf(head + "Content-Length: 100\r\n\r\n" + std::string(100, 'x')), 200);
  EXPECT_EQ(StatusOf(head + "Content-Length: 101\r\n\r\n" + std::string(101, 'x')), 413);
  EXPECT_EQ(StatusOf(head + "Content-Length: 99999999999999999999999\r\n\r\n"), 400);
  std::string chunks;
  for (int i = 0; i < 11; ++i) chunks += "a\r\n0123456789\r\n";
  EXPECT_EQ(StatusOf(head + "Transfer-Encoding: chunked\r\n\r\n" + chunks), 413);
  EXPECT_EQ(StatusOf(head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"), 413);
  EXPECT_EQ(StatusOf(head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(2000, 'x')), 400);
}

TEST(RequestParser, TakesAnotherLimitForABody) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n";
  RequestParser more(kSmall);
  FeedAll(more, head, head.size());
  more.LimitBody(101);
  FeedAll(more, std::string(101, 'x'), 101);
  EXPECT_TRUE(more.done());
  EXPECT_EQ(more.TakeBody().size(), 101u);
  RequestParser less(kSmall);
  FeedAll(less, head, head.size());
  less.LimitBody(100);
  ASSERT_TRUE(less.problem());
  EXPECT_EQ(less.problem()->status, 413);
}

TEST(RequestParser, SaysWhy) {
  RequestParser parser(kSmall);
  FeedAll(parser, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 100);
  EXPECT_THAT(parser.problem()->text, HasSubstr("Host"));
}

}  // namespace
}  // namespace chains::gateway
