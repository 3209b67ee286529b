#include "gateway/http/web_socket_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/timing.h"
#include "tests/gateway/http/web_socket_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

WebSocket::Message BytesOf(size_t size) { return {false, std::string(size, 'x')}; }

TEST_F(WebSocketTest, AnswersTheHandshakeAndEchoes) {
  WebSocketClient client(loop_, address_);
  EXPECT_EQ(client.Open("/a"),
            "HTTP/1.1 101 Switching Protocols\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "Connection: Upgrade\r\n\r\n");
  EXPECT_THAT(client.Exchange(TextFrame("hello")), ElementsAre("text:hello"));
  EXPECT_THAT(client.Exchange(ClientFrame(kBinary, "\xFF") + ClientFrame(kPing, "p")),
              UnorderedElementsAre("binary:\xFF", "pong:p"));
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(WebSocketTest, TakesFramesThatCameWithTheHandshakeAndAfterOtherRequests) {
  WebSocketClient client(loop_, address_);
  client.Send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + Handshake("/a") + TextFrame("early"));
  const std::string all = client.socket().Receive();
  EXPECT_THAT(all, HasSubstr("/first\n"));
  EXPECT_THAT(all, HasSubstr("Connection: Upgrade\r\n\r\n\x81\x05"
                             "early"));
}

TEST_F(WebSocketTest, TakesFramesByteByByte) {
  auto client = Connect();
  const std::string frames = TextFrame("hello") + ClientFrame(kPing, "x") + TextFrame("again");
  for (const char byte : frames) client->Send({&byte, 1});
  EXPECT_THAT(client->Frames(), ElementsAre("text:hello", "pong:x", "text:again"));
}

TEST_F(WebSocketTest, SaysGoodbyeToWhoSaysIt) {
  auto client = Connect();
  EXPECT_EQ(handler_.live, 1);
  EXPECT_THAT(client->Exchange(CloseFrame(1000, "bye")), ElementsAre("close:1000:"));
  EXPECT_EQ(handler_.live, 0);
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(server_->connections(), 1u);  // the client has not closed yet
  client->socket().Leave();
  loop_.Settle();
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(WebSocketTest, WaitsForNoClientForLongAfterAGoodbye) {
  auto client = Connect();
  EXPECT_THAT(client->Exchange(CloseFrame(1000)), ElementsAre("close:1000:"));
  loop_.Advance(HttpOptions().linger_timeout);
  EXPECT_EQ(server_->connections(), 0u);

  handler_.serve = [](WebSocket& socket) -> Task<void> { co_await socket.Close(4001, "enough"); };
  auto silent = Connect();
  EXPECT_THAT(silent->Frames(), ElementsAre("close:4001:enough"));
  EXPECT_FALSE(silent->ended());  // it may still say goodbye
  loop_.Advance(HttpOptions().linger_timeout);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(WebSocketTest, EndsWithItsHandler) {
  handler_.serve = [](WebSocket& socket) -> Task<void> {
    const std::optional<WebSocket::Message> message = co_await socket.Receive();
    if (message->data == "fail") co_await absl::InternalError("broken");
  };
  auto client = Connect();
  EXPECT_THAT(client->Exchange(TextFrame("end")), ElementsAre("close:1000:"));
  EXPECT_THAT(client->Exchange(CloseFrame(1000)), IsEmpty());
  EXPECT_TRUE(client->ended());
  auto other = Connect();
  EXPECT_THAT(other->Exchange(TextFrame("fail") + TextFrame("never read")),
              ElementsAre("close:1011:broken"));
}

TEST_F(WebSocketTest, TellsItsHandlerThatItHasClosed) {
  std::vector<std::string> seen;
  handler_.serve = [&seen](WebSocket& socket) -> Task<void> {
    co_await socket.Close(4000, "over");
    const std::optional<WebSocket::Message> message = co_await socket.Receive();
    seen.push_back(message ? "a message" : "nothing");
    const auto sent = co_await Outcome(socket.Send(BytesOf(1)));
    seen.push_back(sent.status().ToString());
  };
  auto client = Connect();
  EXPECT_THAT(client->Exchange(TextFrame("late")), ElementsAre("close:4000:over"));
  EXPECT_THAT(seen, ElementsAre("nothing", "CANCELLED: the WebSocket is closed"));
}

TEST_F(WebSocketTest, DropsItsHandlerWhenTheClientLeavesWithoutAWord) {
  for (const bool with_reset : {false, true}) {
    auto client = Connect();
    EXPECT_EQ(handler_.live, 1);
    with_reset ? client->socket().Reset() : client->socket().Leave();
    loop_.Settle();
    EXPECT_EQ(handler_.live, 0);
    EXPECT_EQ(server_->connections(), 0u);
  }
  auto client = Connect();
  client->socket().EndSending();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
  EXPECT_TRUE(client->ended());
}

TEST_F(WebSocketTest, DropsItsHandlerWhenTheClientBreaksARule) {
  auto client = Connect();
  const std::string rest(1 << 20, 'x');
  client->socket().Send(ClientFrame(kText, "\xFF") + rest);
  EXPECT_THAT(client->Frames(), ElementsAre("close:1007:a text is not UTF-8"));
  EXPECT_EQ(handler_.live, 0);
  auto other = Connect();
  EXPECT_THAT(other->Exchange(ClientFrame(kText, "abc", {.says = 2 << 20})),
              ElementsAre("close:1009:a message is longer than 1048576 bytes"));
  loop_.Advance(HttpOptions().linger_timeout);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(WebSocketTest, ReadsNoMoreThanItsHandlerTakes) {
  handler_.serve = [](WebSocket&) -> Task<void> { co_await Sleep(absl::Hours(1)); };
  auto client = Connect();
  const std::string frame = ClientFrame(kBinary, std::string(60000, 'x'));
  size_t sent = 0;
  size_t stalled = 0;
  while (stalled < 20) {
    const size_t step = client->socket().Send(frame);
    stalled = step == 0 ? stalled + 1 : 0;
    sent += step;
    loop_.Settle();
  }
  EXPECT_LT(sent, size_t{20} << 20);  // the system's buffers
  loop_.Advance(absl::Minutes(5));    // a client that is not read cannot answer pings
  EXPECT_EQ(handler_.live, 1);
}

TEST_F(WebSocketTest, WaitsForAClientThatDoesNotRead) {
  int sent = 0;
  handler_.serve = [&sent](WebSocket& socket) -> Task<void> {
    for (;; ++sent) co_await socket.Send(BytesOf(100000));
  };
  auto client = std::make_unique<WebSocketClient>(loop_, address_);
  client->socket().Send(Handshake("/a"));
  loop_.Settle();
  EXPECT_LT(sent, 300);  // the system's buffers
  const int before = sent;
  loop_.Advance(absl::Seconds(1));
  EXPECT_EQ(sent, before);
  while (sent < 1000) {
    (void)client->socket().Receive();
    loop_.Settle();
  }
}

TEST_F(WebSocketTest, AnswersPingsBetweenTheFragmentsOfALongMessage) {
  handler_.serve = [](WebSocket& socket) -> Task<void> { co_await socket.Send(BytesOf(16 << 20)); };
  auto client = Connect();
  client->Send(ClientFrame(kPing, "are you there"));
  std::vector<std::string> frames;
  while (frames.size() < 256 + 2) {
    for (std::string& frame : client->Frames()) frames.push_back(std::move(frame));
  }
  EXPECT_EQ(frames.back(), "close:1000:");
  size_t pong = 0;
  for (size_t i = 0; i < frames.size(); ++i) pong = frames[i] == "pong:are you there" ? i : pong;
  EXPECT_GT(pong, 0u);
  EXPECT_LT(pong, 255u);
}

TEST_F(WebSocketTest, PingsAndGivesUpAfterTwo) {
  auto client = Connect();
  loop_.Advance(absl::Seconds(20));
  EXPECT_THAT(client->Frames(), ElementsAre("ping:"));
  client->Send(ClientFrame(kPong, ""));
  loop_.Advance(absl::Seconds(20));
  loop_.Advance(absl::Seconds(20));
  EXPECT_THAT(client->Frames(), ElementsAre("ping:", "ping:"));
  EXPECT_EQ(handler_.live, 1);
  loop_.Advance(absl::Seconds(20));
  EXPECT_THAT(client->Frames(), ElementsAre("close:1001:no answer to two pings"));
  EXPECT_EQ(handler_.live, 0);
  loop_.Advance(HttpOptions().linger_timeout);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(WebSocketTest, GivesUpAClientThatTakesNothing) {
  handler_.serve = [](WebSocket& socket) -> Task<void> {
    for (;;) co_await socket.Send(BytesOf(100000));
  };
  WebSocketClient client(loop_, address_);
  client.socket().Send(Handshake("/a"));
  loop_.Settle();
  for (int i = 0; i < 2; ++i) loop_.Advance(absl::Seconds(20));
  EXPECT_EQ(handler_.live, 1);
  loop_.Advance(absl::Seconds(20));
  EXPECT_EQ(handler_.live, 0);
  loop_.Advance(HttpOptions().linger_timeout);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(WebSocketTest, DrainsUntilTheDeadlineAndThenSays1001) {
  auto client = Connect();
  auto other = Connect();
  bool drained = false;
  server_->Drain(loop_.Now() + absl::Seconds(30), [&drained] { drained = true; });
  EXPECT_THAT(client->Exchange(TextFrame("still here")), ElementsAre("text:still here"));
  EXPECT_THAT(other->Exchange(CloseFrame(1000)), ElementsAre("close:1000:"));
  other->socket().Leave();
  loop_.Settle();
  EXPECT_EQ(server_->connections(), 1u);
  EXPECT_FALSE(drained);
  loop_.Advance(absl::Seconds(30));
  EXPECT_TRUE(drained);
  EXPECT_THAT(client->Frames(), ElementsAre("ping:", "close:1001:the server goes away"));
  EXPECT_TRUE(client->ended());
}

TEST_F(WebSocketTest, IsDestroyedWithSocketsThatAreAtWork) {
  handler_.serve = [](WebSocket& socket) -> Task<void> {
    for (;;) co_await socket.Send(BytesOf(100000));
  };
  WebSocketClient stuck(loop_, address_);
  stuck.socket().Send(Handshake("/a"));
  loop_.Settle();
  handler_.serve = SocketHandler::Echo;
  auto idle = Connect();
  server_.reset();
  EXPECT_EQ(handler_.live, 0);
  EXPECT_THAT(idle->Frames(), ElementsAre("close:1001:the server goes away"));
}

class FullServerTest : public WebSocketTest {
 protected:
  FullServerTest() : WebSocketTest(Small()) {}
  static HttpOptions Small() {
    HttpOptions options = Options();
    options.max_body_bytes_held = 150000;
    return options;
  }
};

TEST_F(FullServerTest, BoundsWhatMessagesOfAllSocketsHold) {
  auto first = Connect();
  auto second = Connect();
  const std::string part = ClientFrame(kBinary, std::string(100000, 'x'), {.fin = false});
  first->socket().SendAll(part);
  EXPECT_THAT(first->Frames(), IsEmpty());
  second->socket().SendAll(part);
  EXPECT_THAT(second->Frames(), ElementsAre(StartsWith("close:1013:too many large messages")));
  EXPECT_THAT(first->Exchange(ClientFrame(kContinuation, "y")), Not(IsEmpty()));
  auto third = Connect();
  third->socket().SendAll(part);
  EXPECT_THAT(third->Frames(), IsEmpty());
}

}  // namespace
}  // namespace chains::gateway
