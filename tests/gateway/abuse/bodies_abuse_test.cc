// Bodies that mean harm: too large, larger than they say, larger than they look, and not what they
// say they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/body/encoding.h"
#include "tests/gateway/abuse/abuse_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr uint64_t kGigabyte = 1000000000;
constexpr size_t kLimit = 100 << 20;  // of a route

std::string HeadOf(std::string_view target, std::string_view more) {
  return Text("POST ", target, " HTTP/1.1\r\nHost: a\r\nContent-Type: audio/wav\r\n", more, "\r\n");
}

TEST_F(AbuseTest, RefusesAnAnnouncedGigabyteBeforeItComes) {
  for (const char* target : {"/hear?language=de", "/listen?language=de"}) {
    const auto client = Connect();
    EXPECT_THAT(Ask(*client, HeadOf(target, Text("Content-Length: ", kGigabyte, "\r\n"))),
                AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("RESOURCE_EXHAUSTED")));
    EXPECT_LT(Grown(), size_t{1} << 20);
    ExpectOthersServed();
  }
}

TEST_F(AbuseTest, AsksNobodyForAGigabyteWhoWaitsToBeAsked) {
  const auto client = Connect();
  const std::string answer =
      Ask(*client,
          HeadOf("/hear", Text("Expect: 100-continue\r\nContent-Length: ", kGigabyte, "\r\n")));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
}

// One that is not announced: chunked.
TEST_F(AbuseTest, RefusesAGigabyteForAStreamAtItsLimitAndHoldsAWindow) {
  const auto client = Connect();
  client->SendAll(HeadOf("/listen?language=de", "Transfer-Encoding: chunked\r\n"));
  const std::string chunk = Text("100000\r\n", std::string(1 << 20, 'x'), "\r\n");
  EXPECT_THAT(SendUntilAnswered(*client, chunk, kGigabyte), StartsWith("HTTP/1.1 413"));
  EXPECT_LT(Grown(), size_t{8} << 20);
  ExpectOthersServed();
}

TEST_F(AbuseTest, RefusesAGigabyteForACallAtItsLimit) {
  const auto client = Connect();
  client->SendAll(HeadOf("/hear?language=de", "Transfer-Encoding: chunked\r\n"));
  const std::string chunk = Text("100000\r\n", std::string(1 << 20, 'x'), "\r\n");
  EXPECT_THAT(SendUntilAnswered(*client, chunk, kGigabyte), StartsWith("HTTP/1.1 413"));
  EXPECT_LT(Grown(), 3 * kLimit);  // a string that grows is there twice for a moment
  EXPECT_EQ(channel_.unary.calls, 1);
  ExpectOthersServed();
}

// A megabyte that unpacks to a gigabyte.
std::string Bomb(Encoding encoding) {
  const std::string part = *Encode(std::string(4 << 20, '\0'), encoding);
  std::string bomb;
  for (int i = 0; i < 250; ++i) bomb += part;
  return bomb;
}

TEST_F(AbuseTest, UnpacksNoBomb) {
  for (const Encoding encoding : {Encoding::kGzip, Encoding::kZstd}) {
    const std::string bomb = Bomb(encoding);
    EXPECT_LT(bomb.size(), size_t{2} << 20);
    const std::string more = Text("Content-Encoding: ", NameOf(encoding), "\r\n");
    EXPECT_THAT(Ask(PostOf("/hear?language=de", "audio/wav", bomb, more)),
                AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("when unpacked")));
    Look();
    EXPECT_THAT(Ask(PostOf("/listen?language=de", "audio/wav", bomb, more)),
                AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("when unpacked")));
    EXPECT_LT(Grown(), size_t{32} << 20);
    ExpectOthersServed();
  }
}

TEST_F(AbuseTest, RefusesLengthsThatLie) {
  const char* const kBodies[] = {
      "FFFFFFFFFFFFFFFFF\r\nx\r\n0\r\n\r\n",  // overflows
      "-1\r\nx\r\n0\r\n\r\n",
      "0x1\r\nx\r\n0\r\n\r\n",
      "1\r\nxy\r\n0\r\n\r\n",  // more than it says
      "\r\n",
      "z\r\n",
      "1 1\r\nx\r\n",
  };
  for (const char* target : {"/hear?language=de", "/listen?language=de"}) {
    for (const char* body : kBodies) {
      const auto client = Connect();
      const std::string answer =
          Ask(*client, HeadOf(target, "Transfer-Encoding: chunked\r\n") + body);
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << body;
      loop_.Advance(absl::Seconds(6));
      client->Receive();
      EXPECT_TRUE(client->ended()) << body;
    }
  }
  EXPECT_EQ(channel_.unary.calls, 1);
  ExpectOthersServed();
}

TEST_F(AbuseTest, RefusesABodyOfTwoLengths) {
  for (const char* more : {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                           "Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: -4\r\n",
                           "Content-Length: 4x\r\n", "Content-Length: 99999999999999999999\r\n",
                           "Transfer-Encoding: gzip, chunked\r\n"}) {
    EXPECT_THAT(
        Ask(HeadOf("/hear?language=de", more) + "0\r\n\r\n"),
        AnyOf(StartsWith("HTTP/1.1 400"), StartsWith("HTTP/1.1 413"), StartsWith("HTTP/1.1 501")))
        << more;
  }
  EXPECT_EQ(channel_.unary.calls, 1);
}

TEST_F(AbuseTest, WaitsForNoBodyThatIsShorterThanItSaid) {
  for (const char* target : {"/hear?language=de", "/listen?language=de"}) {
    const auto client = Connect();
    EXPECT_EQ(Ask(*client, HeadOf(target, "Content-Length: 100000\r\n") + "RIFF"), "");
    client->EndSending();
    loop_.Settle();
    client->Receive();
    EXPECT_TRUE(client->ended());
  }
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(AbuseTest, RefusesTextThatIsNotUtf8) {
  for (const char* json :
       {"{\"text\": \"\xff\"}", "{\"text\": \"\xc0\x80\"}", "{\"text\": \"\xed\xa0\x80\"}",
        "{\"\xff\": 1, \"text\": \"\"}", "\xef\xbb\xbf{}\xff"}) {
    EXPECT_THAT(Ask(PostOf("/say", "application/json", json)), StartsWith("HTTP/1.1 400")) << json;
  }
  EXPECT_EQ(channel_.unary.calls, 1);
}

TEST_F(AbuseTest, RefusesJsonThatIsDeep) {
  for (const char* open : {"[", "{\"text\":"}) {
    std::string deep = R"({"unknown": )";
    for (int i = 0; i < 1000000; ++i) deep += open;
    EXPECT_THAT(Ask(PostOf("/say", "application/json", deep)), StartsWith("HTTP/1.1 400"));
    EXPECT_LT(Grown(), 8 * deep.size() + (1 << 20));
  }
  EXPECT_EQ(channel_.unary.calls, 1);
  ExpectOthersServed();
}

TEST_F(AbuseTest, RefusesAFormOfTooManyParts) {
  std::string form;
  for (int i = 0; i < 100000; ++i) {
    form += "--b\r\nContent-Disposition: form-data; name=tags\r\n\r\nx\r\n";
  }
  EXPECT_THAT(Ask(PostOf("/hear", "multipart/form-data; boundary=b", form + "--b--")),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("at most 1000 parts")));
  EXPECT_THAT(Ask(PostOf("/hear", "multipart/form-data; boundary=b",
                         "--b\r\nContent-Disposition: " + std::string(10 << 20, 'x'))),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("at most 8192 bytes")));
  ExpectOthersServed();
}

}  // namespace
}  // namespace chains::gateway
