#include "gateway/http/web_socket_handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

RequestHead Head() {
  RequestHead head;
  head.method = "GET";
  head.target = "/chat";
  head.headers = {{"Host", "server.example.com"},
                  {"Upgrade", "websocket"},
                  {"Connection", "keep-alive, Upgrade"},
                  {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                  {"Sec-WebSocket-Version", "13"}};
  return head;
}

RequestHead With(std::string_view name, std::string_view value) {
  RequestHead head = Head();
  std::erase_if(head.headers, [&](const auto& header) { return header.first == name; });
  if (!value.empty()) head.headers.emplace_back(name, value);
  return head;
}

int StatusOf(const RequestHead& head) {
  const std::optional<HandshakeProblem> problem = HandshakeProblemOf(head);
  return problem ? problem->status : 101;
}

TEST(WebSocketHandshakeTest, AnswersTheExampleOfTheRfc) {
  EXPECT_TRUE(AsksForWebSocket(Head()));
  EXPECT_EQ(StatusOf(Head()), 101);
  const Response response = SwitchingProtocols(Head(), "chat");
  EXPECT_EQ(response.status, 101);
  EXPECT_THAT(response.headers,
              ElementsAre(Pair("Upgrade", "websocket"),
                          Pair("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                          Pair("Sec-WebSocket-Protocol", "chat")));
  EXPECT_EQ(SwitchingProtocols(Head(), "").headers.size(), 2u);
}

TEST(WebSocketHandshakeTest, IsOnlyForWhoAsks) {
  EXPECT_FALSE(AsksForWebSocket(With("Upgrade", "")));
  EXPECT_FALSE(AsksForWebSocket(With("Upgrade", "h2c")));
  EXPECT_TRUE(AsksForWebSocket(With("Upgrade", "h2c, WebSocket")));
}

TEST(WebSocketHandshakeTest, RefusesWhatIsNotAsTheRfcWantsIt) {
  EXPECT_EQ(StatusOf(With("Connection", "")), 400);
  EXPECT_EQ(StatusOf(With("Connection", "close")), 400);
  EXPECT_EQ(StatusOf(With("Sec-WebSocket-Version", "")), 426);
  EXPECT_EQ(StatusOf(With("Sec-WebSocket-Version", "8")), 426);
  EXPECT_EQ(StatusOf(With("Sec-WebSocket-Key", "")), 400);
  EXPECT_EQ(StatusOf(With("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j")), 400);
  EXPECT_EQ(StatusOf(With("Sec-WebSocket-Key", "!GhlIHNhbXBsZSBub25jZQ==")), 400);
  RequestHead head = Head();
  head.headers.push_back(head.headers[3]);
  EXPECT_EQ(StatusOf(head), 400);
  head = Head();
  head.method = "POST";
  EXPECT_EQ(StatusOf(head), 405);
  head = Head();
  head.content_length = 3;
  EXPECT_EQ(StatusOf(head), 400);
}

TEST(WebSocketHandshakeTest, ListsSubprotocolsOfAllHeaders) {
  EXPECT_THAT(SubprotocolsOf(Head()), IsEmpty());
  RequestHead head = With("Sec-WebSocket-Protocol", "chains.v1 , chains.key.abc,");
  EXPECT_THAT(SubprotocolsOf(head), ElementsAre("chains.v1", "chains.key.abc"));
  head.headers.emplace_back("sec-websocket-protocol", "other");
  EXPECT_THAT(SubprotocolsOf(head), ElementsAre("chains.v1", "chains.key.abc", "other"));
}

TEST(WebSocketHandshakeTest, KnowsPagesOfTheSameHost) {
  EXPECT_TRUE(IsSameOrigin(Head()));
  EXPECT_TRUE(IsSameOrigin(With("Origin", "https://Server.example.com")));
  EXPECT_FALSE(IsSameOrigin(With("Origin", "https://server.example.com:8443")));
  EXPECT_FALSE(IsSameOrigin(With("Origin", "https://server.example.com.evil.com")));
  EXPECT_FALSE(IsSameOrigin(With("Origin", "null")));
  EXPECT_FALSE(IsSameOrigin(With("Origin", "://")));
}

}  // namespace
}  // namespace chains::gateway
