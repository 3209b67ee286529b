// HTTP/2 on a server's plain port, from a client that knows that it will be understood.
#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/http/http2_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST_F(Http2Test, AnswersRequestsOfAnOrdinaryClient) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/a")));
  EXPECT_EQ(client.response(1).status(), "200");
  EXPECT_EQ(client.response(1).body, "/a ");
  EXPECT_THAT(client.response(1).head, Contains(Pair("content-length", "3")));
  EXPECT_THAT(client.response(1).head, Contains(Pair("x-evil", "a  Set-Cookie: b")));
  EXPECT_TRUE(client.response(1).ended);
  client.Say(h2::Headers(3, h2::Post("/b"), h2::kEndHeaders) + h2::Data(3, "bo"));
  EXPECT_FALSE(client.response(3).ended);
  client.Say(h2::Data(3, "dy", h2::kEndStream));
  EXPECT_EQ(client.response(3).body, "/b body");
}

TEST_F(Http2Test, UnderstandsThePrefaceInAnyPieces) {
  Http2Client client(*this);
  for (const char byte : h2::Hello() + h2::Headers(1, h2::Get("/a"))) {
    client.Say(std::string_view(&byte, 1));
  }
  EXPECT_EQ(client.response(1).body, "/a ");
}

TEST_F(Http2Test, RequestsRunSideBySide) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/slow")) + h2::Headers(3, h2::Get("/a")));
  EXPECT_TRUE(client.response(3).ended);
  EXPECT_FALSE(client.response(1).ended);
  EXPECT_EQ(handler_.live, 1);
  client.Say(h2::Reset(1));
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(Http2Test, AClientThatLeavesTakesItsRequestsBack) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/slow")) + h2::Headers(3, h2::Get("/slow")));
  EXPECT_EQ(handler_.live, 2);
  client.Leave();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(Http2Test, RefusesByTheHeadAlone) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Post("/forbidden"), h2::kEndHeaders));
  EXPECT_EQ(client.response(1).status(), "403");
  EXPECT_EQ(client.response(1).reset, NGHTTP2_NO_ERROR);
  client.Say(h2::Headers(3, h2::Post("/a", {{"x", std::string(1024, 'y')}})));
  EXPECT_EQ(client.response(3).status(), "431");
  client.Say(h2::Headers(5, h2::Post("/a", {{"content-length", "100001"}}), h2::kEndHeaders));
  EXPECT_EQ(client.response(5).status(), "413");
  client.Say(h2::Headers(7, {{":method", "CONNECT"}, {":authority", "a"}}));
  EXPECT_EQ(client.response(7).status(), "501");
  EXPECT_THAT(client.heard().go_aways, IsEmpty());
  EXPECT_EQ(handler_.requests, 0);
}

TEST_F(Http2Test, ABodyThatGrowsTooLargeIsRefused) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Post("/a"), h2::kEndHeaders));
  for (int i = 0; i < 11; ++i) client.Say(h2::Data(1, std::string(10000, 'x')));
  EXPECT_EQ(client.response(1).status(), "413");
  EXPECT_EQ(client.response(1).reset, NGHTTP2_NO_ERROR);
  client.Say(h2::Headers(3, h2::Get("/a")));
  EXPECT_EQ(client.response(3).status(), "200");
}

TEST_F(Http2Test, AFailedHandlerIsAnswered500) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/fail")));
  EXPECT_EQ(client.response(1).status(), "500");
  EXPECT_EQ(client.response(1).body, "broken");
}

TEST_F(Http2Test, AHeadIsAnsweredWithoutABody) {
  Http2Client client(*this);
  h2::Fields fields = h2::Get("/a");
  fields[0].second = "HEAD";
  client.Say(h2::Hello() + h2::Headers(1, fields));
  EXPECT_EQ(client.response(1).body, "");
  EXPECT_THAT(client.response(1).head, Contains(Pair("content-length", "3")));
  EXPECT_TRUE(client.response(1).ended);
}

TEST_F(Http2Test, AClientIsToldToSendItsBody) {
  Http2Client client(*this);
  client.Say(h2::Hello() +
             h2::Headers(1, h2::Post("/a", {{"expect", "100-continue"}}), h2::kEndHeaders));
  EXPECT_EQ(client.response(1).status(), "100");
  client.Say(h2::Data(1, "x", h2::kEndStream));
  EXPECT_EQ(client.response(1).status(), "200");
}

TEST_F(Http2Test, ALargeResponseWaitsForItsClientAndHoldsUpNobody) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/large")) + h2::WindowUpdate(0, 1 << 20));
  EXPECT_EQ(client.response(1).body.size(), 65535);
  client.Say(h2::Headers(3, h2::Get("/a")));
  EXPECT_TRUE(client.response(3).ended);
  client.Say(h2::WindowUpdate(0, 1 << 30) + h2::WindowUpdate(1, 1 << 30));
  for (int i = 0; i < 100 && !client.response(1).ended; ++i) client.Hear();
  EXPECT_EQ(client.response(1).body.size(), 20 << 20);
}

TEST_F(Http2Test, AClientThatTakesNothingLosesItsResponse) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/large")));
  for (int i = 0; i < 6; ++i) {
    loop_.Advance(absl::Seconds(15));
    client.Say(h2::Ping());
  }
  EXPECT_EQ(client.response(1).reset, NGHTTP2_CANCEL);
}

TEST_F(Http2Test, ABodyThatDoesNotComeIsGivenUp) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Post("/a"), h2::kEndHeaders) + h2::Data(1, "x"));
  for (int i = 0; i < 5; ++i) {
    loop_.Advance(absl::Seconds(15));
    client.Say(h2::Ping());
  }
  EXPECT_EQ(client.response(1).status(), "408");
  EXPECT_EQ(handler_.requests, 0);
}

TEST_F(Http2Test, AHeadThatDoesNotEndIsGivenUp) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/a"), 0));
  loop_.Advance(absl::Seconds(11));
  client.Hear();
  EXPECT_THAT(client.heard().go_aways, ElementsAre(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST_F(Http2Test, AnIdleClientIsSentAway) {
  Http2Client never(*this);
  never.Say(h2::Hello());
  loop_.Advance(absl::Seconds(11));
  never.Hear();
  EXPECT_THAT(never.heard().go_aways, ElementsAre(NGHTTP2_NO_ERROR));
  never.Leave();

  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/a")));
  // Pings keep nothing alive.
  for (int i = 0; i < 7; ++i) {
    loop_.Advance(absl::Seconds(10));
    client.Say(h2::Ping());
  }
  EXPECT_THAT(client.heard().go_aways, IsEmpty());
  loop_.Advance(absl::Seconds(10));
  client.Hear();
  EXPECT_THAT(client.heard().go_aways, ElementsAre(NGHTTP2_NO_ERROR));
  EXPECT_TRUE(client.ended());
}

TEST_F(Http2Test, AClientThatIsSilentWhileItsRequestRunsIsAskedForASign) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/slow")));
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    loop_.Advance(absl::Seconds(30));
    client.Hear();
    for (; answered < client.heard().pings; ++answered) client.Say(h2::Ping(h2::kAck));
  }
  EXPECT_GE(answered, 2);
  EXPECT_EQ(handler_.live, 1);
  for (int i = 0; i < 6; ++i) loop_.Advance(absl::Seconds(30));
  EXPECT_EQ(handler_.live, 0);
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(Http2Test, ADrainLetsRequestsEnd) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/slow")));
  bool drained = false;
  server_->Drain(loop_.Now() + absl::Hours(2), [&] { drained = true; });
  client.Hear();
  EXPECT_THAT(client.heard().last_streams, ElementsAre(0x7fffffff));
  // What the client had sent before it heard of it is answered.
  client.Say(h2::Headers(3, h2::Get("/a")) + h2::Ping(h2::kAck));
  EXPECT_THAT(client.heard().last_streams, ElementsAre(0x7fffffff, 3));
  EXPECT_EQ(client.response(3).body, "/a ");
  EXPECT_FALSE(drained);
  for (int i = 0; i < 121; ++i) {
    loop_.Advance(absl::Seconds(30));
    client.Say(h2::Ping());
  }
  EXPECT_EQ(client.response(1).body, "/slow ");
  EXPECT_TRUE(client.ended());
  client.Leave();
  loop_.Settle();
  EXPECT_TRUE(drained);
}

class AgingHttp2Test : public Http2Test {
 protected:
  AgingHttp2Test() : Http2Test(Aging()) {}
  static HttpOptions Aging() {
    HttpOptions options = Limits();
    options.connection_age = absl::Seconds(100);
    return options;
  }
};

TEST_F(AgingHttp2Test, AnOldConnectionIsToldToGoAndWhatRunsIsAnswered) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Headers(1, h2::Get("/slow")));
  for (int i = 0; i < 4; ++i) {
    loop_.Advance(absl::Seconds(30));
    client.Say(h2::Ping());
  }
  EXPECT_THAT(client.heard().last_streams, ElementsAre(0x7fffffff));
  client.Say(h2::Headers(3, h2::Get("/a")) + h2::Ping(h2::kAck));
  EXPECT_EQ(client.response(3).body, "/a ");
  EXPECT_FALSE(client.ended());
  for (int i = 0; i < 121 && !client.ended(); ++i) {
    loop_.Advance(absl::Seconds(30));
    client.Say(h2::Ping());
  }
  EXPECT_EQ(client.response(1).body, "/slow ");
  EXPECT_TRUE(client.ended());
  Http2Client next(*this);
  next.Say(h2::Hello() + h2::Headers(1, h2::Get("/a")));
  EXPECT_EQ(next.response(1).body, "/a ");
}

TEST_F(Http2Test, AFloodEndsTheConnectionAndNoOther) {
  Http2Client other(*this);
  other.Say(h2::Hello() + h2::Headers(1, h2::Get("/slow")));
  Http2Client client(*this);
  client.Say(h2::Hello());
  std::string many;
  for (int i = 0; i < 600; ++i) {
    many += h2::Headers(static_cast<uint32_t>(2 * i + 1), h2::Get("/slow")) +
            h2::Reset(static_cast<uint32_t>(2 * i + 1));
  }
  client.Say(many);
  EXPECT_THAT(client.heard().go_aways, ElementsAre(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(handler_.live, 1);
  EXPECT_LE(handler_.requests, 502);
}

TEST_F(Http2Test, ManyBodiesTogetherAreBounded) {
  Http2Client client(*this);
  client.Say(h2::Hello() + h2::Frame(h2::kSettings, h2::kAck, 0, ""));
  std::string all;
  for (uint32_t id = 1; id < 20; id += 2) all += h2::Headers(id, h2::Post("/a"), h2::kEndHeaders);
  client.Say(all);
  for (uint32_t id = 1; id < 20; id += 2) {
    for (int i = 0; i < 6; ++i) client.Say(h2::Data(id, std::string(16000, 'x')));
  }
  int refused = 0;
  for (uint32_t id = 1; id < 20; id += 2) refused += client.response(id).status() == "503" ? 1 : 0;
  EXPECT_GE(refused, 4);
  EXPECT_LE(refused, 6);
}

}  // namespace
}  // namespace chains::gateway
