#include "gateway/app/web_socket_call.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "tests/gateway/sockets/sockets_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string BinaryFrame(std::string_view text) {
  return ClientFrame(kBinary, talk::LineOf(std::string(text)).SerializeAsString());
}
std::string Binary(std::string_view text) {
  return "binary:" + talk::LineOf(std::string(text)).SerializeAsString();
}

TEST_F(SocketsTest, StreamsBothWaysAsEachMessageComes) {
  Open();
  auto client = Connect("/production/websocket");
  EXPECT_THAT(client->Exchange(TextFrame(R"({"text": "a"})")), ElementsAre(R"(text:{"text":"A"})"));
  EXPECT_THAT(client->Exchange(TextFrame(R"({"text": "b"})") + TextFrame(R"({"text": "c"})")),
              ElementsAre(R"(text:{"text":"B"})", R"(text:{"text":"C"})"));
  EXPECT_EQ(channel_.live, 1);
  EXPECT_THAT(client->Exchange(TextFrame("")),
              ElementsAre(R"(text:{"text":"THAT WAS ALL"})", "close:1000:"));
  EXPECT_EQ(channel_.live, 0);
  EXPECT_THAT(client->Exchange(CloseFrame(1000)), IsEmpty());
  EXPECT_TRUE(client->ended());
}

TEST_F(SocketsTest, OneThatIsTracedIsToldOfWhenItCloses) {
  Open();
  gateway_->telling().Begin("gateway");
  v1::Tracing tracing;
  tracing.set_drawn(1);
  gateway_->telling().sampling().Update(tracing);
  auto client = Connect("/production/websocket", "X-Request-Id: q1\r\n");
  EXPECT_THAT(client->Exchange(TextFrame(R"({"text": "a"})")), ElementsAre(R"(text:{"text":"A"})"));
  loop_.Advance(absl::Seconds(5));
  EXPECT_FALSE(gateway_->HasToTell());
  client->Exchange(TextFrame(""));
  v1::Telemetry telemetry;
  gateway_->telling().TakeInto(telemetry);
  ASSERT_GE(telemetry.spans_size(), 2);
  const v1::Span& own = telemetry.spans(0);
  EXPECT_EQ(own.method(), "/chains/talk/production/run_remote");
  EXPECT_EQ(own.http_status(), 200u);
  EXPECT_EQ(own.request_id(), "q1");
  EXPECT_EQ(own.duration_us(), 5'000'000u);
  EXPECT_EQ(telemetry.spans(1).parent_span_id(), own.span_id());
  EXPECT_EQ(telemetry.spans(1).chainlet(), "talk.Talk");
}

TEST_F(SocketsTest, AnswersInTheKindOfFrameThatCame) {
  Open();
  auto client = Connect("/run_remote");
  EXPECT_THAT(client->Exchange(BinaryFrame("a")), ElementsAre(Binary("A")));
  EXPECT_THAT(client->Exchange(TextFrame(R"({"text": "b"})")), ElementsAre(Binary("B")));
  auto silent = Connect("/run_remote?x=1&format=protobuf");
  EXPECT_THAT(silent->Exchange(TextFrame("")), ElementsAre(Binary("THAT WAS ALL"), "close:1000:"));
  // An empty message of protobuf is a request.
  auto empty = Connect("/run_remote");
  EXPECT_THAT(empty->Exchange(ClientFrame(kBinary, "")), ElementsAre("binary:"));
  EXPECT_THAT(Client()->Open("/run_remote?format=xml"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(SocketsTest, CarriesMethodsOfEveryKind) {
  Open();
  auto count = Connect("/count");
  EXPECT_THAT(count->Exchange(TextFrame(R"({"lines": 2})")),
              ElementsAre(R"(text:{"text":"0"})", R"(text:{"text":"1"})", "close:1000:"));
  auto join = Connect("/join");
  EXPECT_THAT(join->Exchange(TextFrame(R"({"text": "a"})") + TextFrame(R"({"text": "b"})")),
              IsEmpty());
  EXPECT_THAT(join->Exchange(TextFrame("")), ElementsAre(R"(text:{"text":"ab"})", "close:1000:"));
  auto once = Connect("/once");
  EXPECT_THAT(once->Exchange(TextFrame(R"({"text": "a"})") + TextFrame(R"({"text": "b"})")),
              ElementsAre(R"(text:{"text":"once a"})", R"(text:{"text":"once b"})"));
  EXPECT_THAT(once->Exchange(TextFrame("")), ElementsAre("close:1000:"));
}

TEST_F(SocketsTest, EndsWithTheErrorOfTheMethod) {
  Open();
  auto client = Connect("/run_remote");
  EXPECT_THAT(client->Exchange(TextFrame(R"({"text": "a"})") + TextFrame(R"({"text": "fail"})")),
              ElementsAre(R"(text:{"text":"A"})",
                          StartsWith(R"(text:{"error":{"code":"UNAVAILABLE","message":"hoarse")"),
                          "close:4503:hoarse"));
  auto count = Connect("/count");
  std::string reason;
  for (int i = 0; i < 50; ++i) reason += "\xE1\xBD\xB9";
  const std::vector<std::string> frames =
      count->Exchange(TextFrame(Text(R"({"lines": 1, "failure": ")", reason, "\"}")));
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_THAT(frames[1], HasSubstr(reason));
  EXPECT_EQ(frames[2], Text("close:4500:", reason.substr(0, 123)));
}

TEST_F(SocketsTest, EndsWithWhatTheClientDidWrong) {
  Open();
  const auto end = [this](std::string_view path, std::string_view frames) {
    return Connect(path)->Exchange(frames);
  };
  EXPECT_THAT(end("/run_remote", TextFrame(R"({"text": )")),
              ElementsAre(HasSubstr("INVALID_ARGUMENT"), StartsWith("close:4400:")));
  EXPECT_THAT(end("/run_remote", TextFrame("{}")),
              ElementsAre(HasSubstr("missing: text"), StartsWith("close:4400:")));
  EXPECT_THAT(
      end("/run_remote", TextFrame("") + TextFrame("{}")),
      ElementsAre(HasSubstr("THAT WAS ALL"), HasSubstr("INVALID_ARGUMENT"),
                  "close:4400:there came a request after the empty text frame, which is the last"));
  EXPECT_THAT(end("/run_remote", TextFrame("\xFF")), ElementsAre(StartsWith("close:1007:")));
  EXPECT_THAT(end("/run_remote", TextFrame(std::string(100000, '['))),
              ElementsAre(HasSubstr("INVALID_ARGUMENT"), StartsWith("close:4400:")));
  EXPECT_EQ(channel_.live, 0);
}

TEST_F(SocketsTest, TakesOneRequestWhereTheMethodDoes) {
  Open();
  auto client = Client();
  ASSERT_THAT(client->Open("/count"), StartsWith("HTTP/1.1 101 "));
  client->socket().Send(TextFrame(R"({"lines": 100000, "bytes": 10000})") + TextFrame("{}"));
  loop_.Settle();
  std::vector<std::string> frames;
  while (frames.empty() || !frames.back().starts_with("close:")) {
    for (std::string& frame : client->Frames()) frames.push_back(std::move(frame));
  }
  EXPECT_LT(talker_.produced, 2000);
  EXPECT_EQ(frames.back(), "close:4400:count takes one request, and there came another");
}

TEST_F(SocketsTest, GoesWithTheClient) {
  Open();
  auto polite = Connect("/run_remote");
  auto rude = Connect("/run_remote");
  EXPECT_THAT(polite->Exchange(TextFrame(R"({"text": "hang"})")), IsEmpty());
  EXPECT_THAT(rude->Exchange(TextFrame(R"({"text": "hang"})")), IsEmpty());
  EXPECT_EQ(channel_.live, 2);
  EXPECT_THAT(polite->Exchange(CloseFrame(1001)), ElementsAre("close:1001:"));
  EXPECT_EQ(channel_.live, 1);
  rude->socket().Reset();
  loop_.Settle();
  EXPECT_EQ(channel_.live, 0);
}

TEST_F(SocketsTest, LeavesItsPartsToWorkThatOtherThreadsDoForIt) {
  Open();
  auto client = Connect("/join");
  const std::string text(12 << 20, 'a');  // takes a worker a while to read
  const std::string frame = TextFrame(Text(R"({"text": ")", text, "\"}"));
  for (size_t sent = 0; sent < frame.size(); loop_.Settle()) {
    sent += client->socket().Send(std::string_view(frame).substr(sent));
  }
  EXPECT_EQ(channel_.live, 1);
  client->socket().Reset();
  loop_.Settle();
  loop_.RunUntil([this] { return loop_.blocking() == 0; });
  EXPECT_EQ(channel_.live, 0);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(SocketsTest, EndsOnceItIsSilent) {
  Open();
  auto client = Connect("/run_remote");
  auto patient = Connect("/run_remote", "Chains-Timeout: 3m\r\n");
  auto page = Connect("/run_remote?timeout=90s");
  const std::string pong = ClientFrame(kPong, "");
  const auto pass = [&](absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Seconds(10)) {
      loop_.Advance(absl::Seconds(10));
      for (auto* each : {&client, &patient, &page}) (*each)->socket().Send(pong);
      loop_.Settle();
    }
  };
  pass(absl::Seconds(50));
  EXPECT_THAT(client->Exchange(TextFrame(R"({"text": "a"})")), Not(IsEmpty()));
  pass(absl::Seconds(50));
  EXPECT_EQ(channel_.live, 2);  // the page's is over
  EXPECT_THAT(page->Frames(), Not(IsEmpty()));
  pass(absl::Seconds(20));
  const std::vector<std::string> frames = client->Frames();
  ASSERT_GE(frames.size(), 2u);
  EXPECT_THAT(frames[frames.size() - 2], HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_THAT(frames.back(), StartsWith("close:4504:idle timeout: no message came or went for 1m"));
  EXPECT_EQ(channel_.live, 1);
  pass(absl::Seconds(70));
  EXPECT_EQ(channel_.live, 0);
}

TEST_F(SocketsTest, EndsAfterItsLifetime) {
  GatewayOptions options;
  options.sockets.lifetime = absl::Minutes(5);
  Open(options);
  auto client = Connect("/run_remote");
  for (int i = 0; i < 29; ++i) {
    loop_.Advance(absl::Seconds(10));
    EXPECT_THAT(client->Exchange(TextFrame(R"({"text": "a"})")), Not(IsEmpty()));
  }
  EXPECT_EQ(channel_.last_context.deadline() - loop_.Now(), absl::Seconds(10));
  loop_.Advance(absl::Seconds(10));
  const std::vector<std::string> frames = client->Frames();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back(), "close:4504:a WebSocket is open for 5m at most");
}

TEST_F(SocketsTest, RefusesHandshakesThatItCannotTake) {
  Open();
  const auto ask = [this](std::string_view request) {
    auto client = Client();
    client->Send(request);
    return client->socket().Receive();
  };
  const std::string good = Handshake("/run_remote");
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string request = good;
    return ask(request.replace(request.find(from), from.size(), to));
  };
  EXPECT_THAT(with("Version: 13", "Version: 8"),
              AllOf(StartsWith("HTTP/1.1 426 Upgrade Required"),
                    HasSubstr("Sec-WebSocket-Version: 13\r\n"), HasSubstr("\"error\"")));
  EXPECT_THAT(with("dGhl", "dG"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(with("HTTP/1.1", "HTTP/1.0"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(with("/run_remote", "/nope"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(with("/run_remote", "/staging/run_remote"), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(channel_.live, 0);
}

TEST_F(SocketsTest, TakesTheKeyAsHeaderOrSubprotocol) {
  const std::string key = "ck_secret";
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  GatewayOptions options;
  options.keys = *ApiKeys::Parse(absl::BytesToHexString(digest));
  Open(options);
  EXPECT_THAT(Client()->Open("/run_remote"), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(Client()->Open("/run_remote", "Sec-WebSocket-Protocol: chains.v1\r\n"),
              StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(Client()->Open("/run_remote", "Sec-WebSocket-Protocol: chains.key.wrong\r\n"),
              StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(Client()->Open("/run_remote", "Authorization: Api-Key ck_secret\r\n"),
              AllOf(StartsWith("HTTP/1.1 101 "), Not(HasSubstr("Sec-WebSocket-Protocol"))));
  auto client = Client();
  EXPECT_THAT(
      client->Open("/run_remote", "Sec-WebSocket-Protocol: chains.v1, chains.key.ck_secret\r\n"),
      AllOf(StartsWith("HTTP/1.1 101 "), HasSubstr("Sec-WebSocket-Protocol: chains.v1\r\n"),
            Not(HasSubstr("ck_secret"))));
  EXPECT_THAT(client->Exchange(TextFrame(R"({"text": "a"})")), Not(IsEmpty()));
  for (const auto& [name, value] : channel_.last_context.headers()) {
    EXPECT_THAT(name + value, Not(HasSubstr("ck_secret")));
  }
}

TEST_F(SocketsTest, TakesPagesOfItsOwnHostAndOfThoseThatAreAllowed) {
  GatewayOptions options;
  options.cors = *Cors::Create({"https://app.example.com"});
  Open(options);
  EXPECT_THAT(Client()->Open("/run_remote", "Origin: http://a\r\n"), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(Client()->Open("/run_remote", "Origin: https://app.example.com\r\n"),
              StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(Client()->Open("/run_remote", "Origin: https://evil.example.com\r\n"),
              StartsWith("HTTP/1.1 403 "));
}

TEST_F(SocketsTest, CountsWhatIsOpenAndLimitsIt) {
  GatewayOptions options;
  options.sockets.max_open = 2;
  Open(options);
  auto first = Connect("/run_remote");
  auto second = Connect("/run_remote");
  EXPECT_THAT(Metrics(), HasSubstr("chains_gateway_web_sockets 2\n"));
  EXPECT_THAT(Client()->Open("/run_remote"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(first->Exchange(TextFrame("")), Not(IsEmpty()));
  first->socket().Leave();
  loop_.Settle();
  EXPECT_THAT(Client()->Open("/run_remote"), StartsWith("HTTP/1.1 101 "));
  loop_.Settle();
  EXPECT_THAT(Metrics(), AllOf(HasSubstr("chains_gateway_web_sockets 1\n"),
                               HasSubstr(R"(method="run_remote",status="200"} 1)"),
                               HasSubstr(R"(method="run_remote",status="499"} 1)")));
}

}  // namespace
}  // namespace chains::gateway
