// What slow, greedy and half-closed clients get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/http/server_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

TEST_F(HttpServerTest, SendsALargeResponseAsFastAsItIsRead) {
  auto client = Connect();
  std::string all = Exchange(*client, Post("/large", ""));
  EXPECT_LT(all.size(), size_t{20} << 20);
  for (int i = 0; i < 1000 && all.size() < (size_t{20} << 20); ++i) {
    loop_.Settle();
    all += client->Receive();
  }
  EXPECT_GT(all.size(), size_t{20} << 20);
  EXPECT_THAT(Exchange(*client, Post("/a", "x")), EndsWith("/a x"));
}

TEST_F(HttpServerTest, GivesUpOnAClientThatReadsNothing) {
  auto client = Connect();
  client->Send(Post("/large", ""));
  loop_.Settle();
  EXPECT_EQ(handler_.finished, 1);
  loop_.Advance(absl::Seconds(31));  // what the system's buffers took was progress
  loop_.Advance(absl::Seconds(31));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, EndsIdleConnections) {
  auto fresh = Connect();
  auto used = Connect();
  Exchange(*used, Post("/a", "x"));
  loop_.Advance(absl::Seconds(11));
  EXPECT_EQ(server_->connections(), 1u);
  loop_.Advance(absl::Seconds(70));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, GivesAHeadALimitedTime) {
  auto client = Connect();
  const std::string head = "POST /a HTTP/1.1\r\nHost: a\r\n";
  for (size_t i = 0; i < head.size() && !client->ended(); ++i) {
    const std::string answer = Exchange(*client, head.substr(i, 1));
    loop_.Advance(absl::Seconds(1));
    EXPECT_TRUE(answer.empty() || (i >= 9 && answer.starts_with("HTTP/1.1 408"))) << answer;
  }
  EXPECT_TRUE(client->ended());
}

TEST_F(HttpServerTest, GivesABodyThatTricklesALimitedTime) {
  auto client = Connect();
  Exchange(*client, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  std::string answer;
  for (int i = 0; i < 40 && answer.empty(); ++i) {
    answer = Exchange(*client, "x");
    loop_.Advance(absl::Seconds(1));
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
}

class AgingServerTest : public HttpServerTest {
 protected:
  AgingServerTest() : HttpServerTest(Aging()) {}
  static HttpOptions Aging() {
    HttpOptions options = Options();
    options.connection_age = absl::Seconds(100);
    return options;
  }
};

TEST_F(AgingServerTest, AnOldConnectionIsClosedWithTheAnswerToItsNextRequest) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, Post("/a", "x")), ::testing::Not(::testing::HasSubstr("close")));
  loop_.Advance(absl::Seconds(60));
  EXPECT_THAT(Exchange(*client, Post("/a", "x")), ::testing::Not(::testing::HasSubstr("close")));
  loop_.Advance(absl::Seconds(60));
  EXPECT_EQ(server_->connections(), 1u);
  const std::string last = Exchange(*client, Post("/a", "x"));
  EXPECT_THAT(last, ::testing::HasSubstr("Connection: close"));
  EXPECT_THAT(last, EndsWith("/a x"));
  EXPECT_TRUE(client->ended());
}

class CrowdedServerTest : public HttpServerTest {
 protected:
  CrowdedServerTest() : HttpServerTest(Few()) {}
  static HttpOptions Few() {
    HttpOptions options = Options();
    options.max_connections = 2;
    options.max_body_bytes_held = 50000;
    return options;
  }
};

TEST_F(CrowdedServerTest, MakesRoomByClosingTheLongestIdle) {
  auto first = Connect();
  Exchange(*first, Post("/a", "x"));
  auto second = Connect();
  Exchange(*second, Post("/slow", "x"));
  auto third = Connect();
  EXPECT_THAT(Exchange(*third, Post("/a", "x")), EndsWith("/a x"));
  first->Receive();
  EXPECT_TRUE(first->ended());
  EXPECT_EQ(server_->connections(), 2u);
}

TEST_F(CrowdedServerTest, LetsConnectionsWaitWhenAllAreBusy) {
  auto first = Connect();
  auto second = Connect();
  Exchange(*first, Post("/slow", "x"));
  Exchange(*second, Post("/slow", "x"));
  auto third = Connect();
  EXPECT_EQ(Exchange(*third, Post("/a", "x")), "");
  first->Leave();
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(third->Receive(), EndsWith("/a x"));
}

TEST_F(CrowdedServerTest, BoundsTheBodiesOfAllRequestsTogether) {
  auto first = Connect();
  auto second = Connect();
  Exchange(*first, Post("/slow", std::string(40000, 'x')));
  EXPECT_THAT(Exchange(*second, Post("/a", std::string(90000, 'x')).substr(0, 60000)),
              StartsWith("HTTP/1.1 503"));
  first->Leave();
  second->Leave();
  loop_.Settle();
  auto third = Connect();
  EXPECT_THAT(Exchange(*third, Post("/a", std::string(40000, 'x'))), StartsWith("HTTP/1.1 200"));
}

class WaitingServerTest : public HttpServerTest {
 protected:
  WaitingServerTest() : HttpServerTest(Waiting()) {}
  static HttpOptions Waiting() {
    HttpOptions options = Options();
    options.half_close = HalfClose::kWaits;
    return options;
  }
};

TEST_F(WaitingServerTest, AnswersAClientThatOnlyEndedItsSending) {
  auto client = Connect();
  client->Send(Post("/slow", "x"));
  client->EndSending();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 1);
  loop_.Advance(absl::Hours(1));
  EXPECT_THAT(client->Receive(), EndsWith("/slow x"));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(WaitingServerTest, SeesAReset) {
  auto client = Connect();
  client->Send(Post("/slow", "x"));
  client->EndSending();
  loop_.Settle();
  client->Reset();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
}

}  // namespace
}  // namespace chains::gateway
