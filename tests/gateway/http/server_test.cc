#include "gateway/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/http/server_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  auto client = Connect();
  EXPECT_EQ(
      Exchange(*client, Post("/a", "hello")),
      "HTTP/1.1 200 OK\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\nContent-Type: text/plain\r\n"
      "X-Evil: a  Set-Cookie: b\r\nContent-Length: 8\r\nConnection: keep-alive\r\n\r\n/a hello");
  EXPECT_THAT(Exchange(*client, Post("/b", "")), EndsWith("/b "));
  EXPECT_FALSE(client->ended());
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(HttpServerTest, ClosesWhenAskedTo) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, Post("/a", "x", "Connection: close\r\n")),
              HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, AnswersHttp10) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, "GET /a HTTP/1.0\r\n\r\n"), EndsWith("/a "));
  EXPECT_TRUE(client->ended());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrderOneAtATime) {
  auto client = Connect();
  EXPECT_EQ(Exchange(*client, Post("/slow", "1") + Post("/b", "2") + Post("/c", "3")), "");
  EXPECT_EQ(handler_.requests, 1);
  loop_.Advance(absl::Hours(1));
  const std::string all = client->Receive();
  EXPECT_LT(all.find("/slow 1"), all.find("/b 2"));
  EXPECT_LT(all.find("/b 2"), all.find("/c 3"));
  EXPECT_EQ(handler_.finished, 3);
}

TEST_F(HttpServerTest, HoldsLittleOfWhatIsSentAhead) {
  auto client = Connect();
  Exchange(*client, Post("/slow", "1"));
  const std::string ahead = Post("/x", std::string(1000, 'x'));
  size_t sent = 0;
  for (int i = 0; i < 100000; ++i) {
    const size_t step = client->Send(ahead);
    if (step == 0) break;
    sent += step;
    if (i % 100 == 0) loop_.Settle();
  }
  EXPECT_LT(sent, size_t{20} << 20);  // the system's buffers, and one read
  EXPECT_EQ(handler_.requests, 1);
}

TEST_F(HttpServerTest, ReadsChunks) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client,
                       "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"),
              EndsWith("/a abcde"));
}

TEST_F(HttpServerTest, ReadsARequestByteByByte) {
  auto client = Connect();
  const std::string request = Post("/a", "hello");
  for (const char c : request.substr(0, request.size() - 1))
    EXPECT_EQ(Exchange(*client, {&c, 1}), "");
  EXPECT_THAT(Exchange(*client, "o"), EndsWith("/a hello"));
}

TEST_F(HttpServerTest, AsksForABodyThatWaits) {
  auto client = Connect();
  const std::string request = Post("/a", "hello", "Expect: 100-continue\r\n");
  EXPECT_EQ(Exchange(*client, request.substr(0, request.size() - 5)),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(Exchange(*client, "hello"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, RefusesBeforeTheBodyComes) {
  auto client = Connect();
  const std::string request =
      Post("/forbidden", std::string(5000, 'x'), "Expect: 100-continue\r\n");
  const std::string answer = Exchange(*client, request.substr(0, request.size() - 5000));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, Not(HasSubstr("100 Continue")));
  EXPECT_EQ(handler_.requests, 0);
}

TEST_F(HttpServerTest, KeepsTheConnectionOfARefusedRequestWithoutBody) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, Post("/forbidden", "") + Post("/a", "x")), EndsWith("/a x"));
}

TEST_F(HttpServerTest, SurvivesManyRefusalsInARow) {
  auto client = Connect();
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "GET /forbidden HTTP/1.1\r\nHost: a\r\n\r\n";
  size_t sent = client->Send(many);
  std::string answers;
  for (int i = 0; i < 200; ++i) {
    answers += Exchange(*client, std::string_view(many).substr(sent, 20000));
    sent += std::min<size_t>(20000, many.size() - sent);
  }
  size_t count = 0;
  for (size_t at = answers.find("403 Forb"); at != std::string::npos;
       at = answers.find("403 Forb", at + 1))
    ++count;
  EXPECT_EQ(count, 5000u);
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  auto client = Connect();
  const std::string answer = Exchange(*client, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  EXPECT_THAT(Exchange(*client, Post("/b", "x")), EndsWith("/b x"));
}

TEST_F(HttpServerTest, TellsWhatIsWrongAndCloses) {
  const struct {
    std::string request;
    const char* status;
  } kCases[] = {
      {"nonsense\r\n\r\n", "400"},
      {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", "413"},
      {"GET /" + std::string(2000, 'x') + " HTTP/1.1\r\n\r\n", "431"},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"},
      {std::string(5000, '\0'), "4"},
  };
  for (const auto& [request, status] : kCases) {
    auto client = Connect();
    EXPECT_THAT(Exchange(*client, request), StartsWith(Text("HTTP/1.1 ", status)));
    EXPECT_TRUE(client->ended());  // the sending side; what still comes is thrown away
    client->Leave();
    loop_.Settle();
  }
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_EQ(handler_.requests, 0);
}

TEST_F(HttpServerTest, LetsARefusedClientSendOnForAWhile) {
  auto client = Connect();
  Exchange(*client, "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string answer;
  for (int i = 0; i < 20; ++i) {
    answer += Exchange(*client, "2710\r\n" + std::string(10000, 'x') + "\r\n");
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(server_->connections(), 1u);
  loop_.Advance(absl::Seconds(6));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, AnswersAFailedTaskWith500) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, Post("/fail", "")), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, DropsTheRequestOfAClientThatLeaves) {
  for (const bool reset : {false, true}) {
    auto client = Connect();
    Exchange(*client, Post("/slow", "x"));
    EXPECT_EQ(handler_.live, 1);
    reset ? client->Reset() : client->Leave();
    loop_.Settle();
    EXPECT_EQ(handler_.live, 0);
    EXPECT_EQ(server_->connections(), 0u);
  }
  loop_.Advance(absl::Hours(2));
  EXPECT_EQ(handler_.finished, 0);
}

TEST_F(HttpServerTest, DropsTheRequestOfAClientThatSentAheadAndLeft) {
  auto client = Connect();
  Exchange(*client, Post("/slow", "x") + Post("/slow", "y"));
  client->Leave();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
  EXPECT_EQ(handler_.requests, 1);
}

TEST_F(HttpServerTest, ForgetsAClientThatLeavesInTheMiddle) {
  for (const size_t size : {0, 1, 10, 40, 75}) {
    auto client = Connect();
    Exchange(*client, Post("/a", std::string(20, 'x')).substr(0, size));
    client->Leave();
    loop_.Settle();
    EXPECT_EQ(server_->connections(), 0u);
  }
}

TEST_F(HttpServerTest, DrainsIdleConnectionsAtOnceAndOthersAfterTheirResponse) {
  auto idle = Connect();
  auto busy = Connect();
  Exchange(*idle, Post("/a", "x"));
  Exchange(*busy, Post("/slow", "x"));
  bool drained = false;
  server_->Drain(loop_.Now() + absl::Hours(2), [&] { drained = true; });
  loop_.Settle();
  EXPECT_EQ(server_->connections(), 1u);
  EXPECT_FALSE(drained);
  EXPECT_FALSE(TestClient(address_).connected());
  loop_.Advance(absl::Hours(1));
  EXPECT_THAT(busy->Receive(), HasSubstr("Connection: close"));
  EXPECT_TRUE(drained);
}

TEST_F(HttpServerTest, DropsWhatRunsWhenTheDrainIsOver) {
  auto busy = Connect();
  Exchange(*busy, Post("/slow", "x"));
  bool drained = false;
  server_->Drain(loop_.Now() + absl::Seconds(5), [&] { drained = true; });
  loop_.Advance(absl::Seconds(6));
  EXPECT_TRUE(drained);
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(HttpServerTest, MayBeDestroyedWhileRequestsRun) {
  auto client = Connect();
  Exchange(*client, Post("/slow", "x"));
  server_.reset();
  EXPECT_EQ(handler_.live, 0);
  client->Receive();
  EXPECT_TRUE(client->ended());
}

TEST_F(HttpServerTest, ListensOnIpv6AndUnixSockets) {
  const auto v6 = server_->Listen("[::1]:0");
  ASSERT_TRUE(v6.ok()) << v6.status();
  const std::string path =
      Text("unix:", ::testing::TempDir(), "chains-http-test-", getpid(), ".sock");
  const auto local = server_->Listen(path);
  ASSERT_TRUE(local.ok()) << local.status();
  for (const std::string& address : {*v6, *local}) {
    TestClient client(address);
    ASSERT_TRUE(client.connected()) << address;
    EXPECT_THAT(Exchange(client, Post("/a", "x")), EndsWith("/a x"));
  }
  EXPECT_EQ(server_->Listen(path).status().code(), absl::StatusCode::kAlreadyExists);
  server_.reset();
  EXPECT_FALSE(TestClient(path).connected());
}

TEST_F(HttpServerTest, NamesAnAddressItCannotHave) {
  const auto again = server_->Listen(address_);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(MessageOf(again.status())), HasSubstr(address_));
  for (const char* address :
       {"", "8080", ":8080", "a:b:c", "127.0.0.1:", "127.0.0.1:x", "unix:", "[::1]"}) {
    EXPECT_EQ(server_->Listen(address).status().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

}  // namespace
}  // namespace chains::gateway
