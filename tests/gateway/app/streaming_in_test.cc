// Methods that take a stream of requests, over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/body/delimited.h"
#include "tests/gateway/app/streams_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kLines = "Content-Type: application/x-ndjson\r\n";
constexpr const char* kProtobuf = "Content-Type: application/x-protobuf\r\n";

std::string Line(int number) { return Text("{\"result\": ", number, "}\n"); }

Gateway::Options Small() {
  Gateway::Options options;
  options.streams.max_item_bytes = 1000;
  options.streams.max_gathered_bytes = 100'000;
  return options;
}

class StreamsInTest : public StreamsTest {
 protected:
  StreamsInTest() : StreamsTest(Small()) {}
};

TEST_F(StreamsInTest, ReadsLinesAnArrayOrMessages) {
  const std::string sum = "\r\n\r\n6";
  EXPECT_THAT(Ask(Post("/sum", Line(1) + "\r\n" + Line(2) + "{\"result\":3}", kLines)),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Type: application/json\r\n"),
                    EndsWith(sum)));
  EXPECT_THAT(Ask(Post("/sum", Line(1) + Line(5))), EndsWith(sum));
  EXPECT_THAT(Ask(Post("/sum", "\n [{\"result\": 4},\n {\"result\": 2}]\n")), EndsWith(sum));
  EXPECT_THAT(Ask(Post("/sum", "")), EndsWith("\r\n\r\n0"));
  EXPECT_THAT(Ask(Post("/sum", "[]")), EndsWith("\r\n\r\n0"));
  numbers::Number number;
  number.set_result(3);
  const std::string message = number.SerializeAsString();
  const std::string body = DelimitedLength(message.size()) + message;
  const std::string answer = Ask(Post("/sum", body + body, kProtobuf));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/x-protobuf\r\n"));
  numbers::Number read;
  EXPECT_TRUE(read.ParseFromString(answer.substr(answer.find("\r\n\r\n") + 4)));
  EXPECT_EQ(read.result(), 6);
}

TEST_F(StreamsInTest, TakesEachRequestAsItComes) {
  EXPECT_EQ(Ask(PostOpen("/sum", kLines)), "");
  EXPECT_EQ(Ask(Chunk(Line(1))), "");
  EXPECT_EQ(counting_.taken, 1);
  EXPECT_EQ(Ask(Chunk(Line(2) + "{\"res")), "");
  EXPECT_EQ(counting_.taken, 2);
  EXPECT_EQ(Ask(Chunk("ult\": 3}\n")), "");
  EXPECT_EQ(counting_.taken, 3);
  EXPECT_THAT(Ask("0\r\n\r\n"), EndsWith("\r\n\r\n6"));
  EXPECT_THAT(Ask(Post("/sum", Line(1))), EndsWith("\r\n\r\n1"));
}

TEST_F(StreamsInTest, AnswersWhileTheRequestStillComes) {
  std::string answer = Ask(PostOpen("/double", kLines));
  EXPECT_EQ(answer, "");
  answer += Ask(Chunk(Line(1)));
  EXPECT_THAT(ChunksOf(answer).pieces, ElementsAre("2\n"));
  answer += Ask(Chunk(Line(2)));
  EXPECT_THAT(ChunksOf(answer).pieces, ElementsAre("2\n", "4\n"));
  EXPECT_FALSE(ChunksOf(answer).ended);
  answer += Ask("0\r\n\r\n");
  EXPECT_TRUE(ChunksOf(answer).ended);
  EXPECT_THAT(ChunksOf(Ask(Post("/double", Line(1) + Line(2)))).pieces, ElementsAre("2\n", "4\n"));
}

TEST_F(StreamsInTest, SaysOnWhichLineTheRequestIsWrong) {
  const struct {
    std::string body;
    const char* headers;
    const char* status;
    const char* says;
  } kCases[] = {
      {Line(1) + "\n{\"result\": x}\n", "", "400", "line 3, column 12 of the body: "},
      {Line(1) + "[{\"result\": 1}]", "", "400", "line 2, column 1 of the body: "},
      {"{\n\"result\": 1}", "", "400", "line 1, column 2 of the body: "},
      {Line(1) + "{}\n", kLines, "400", "line 2 of the body: missing: result"},
      {Line(1) + std::string(1001, ' ') + "\n", "", "413", "line 2 of the body is longer than"},
      {"[{\"result\": 1}, {\"result\": \"x\"}]", "", "400", "element 2 of the body: 1:12: "},
      {"[{\"result\": 1}, ", "", "400", "1:17: "},
      {"[" + std::string(100'001, ' ') + "]", "", "413", "an array of more than 100000 bytes"},
      {"\x05"
       "abc",
       kProtobuf, "400", "the body ends in the middle of its message 1"},
      {"\xFF\x7F"
       "abc",
       kProtobuf, "413", "message 1 of the body has 16383 bytes"},
  };
  for (const auto& [body, headers, status, says] : kCases) {
    EXPECT_THAT(Ask(Post("/sum", body, headers)),
                AllOf(StartsWith(Text("HTTP/1.1 ", status)), HasSubstr(says)));
    Reconnect();
    EXPECT_THAT(Ask(PostOpen("/sum", headers) + Chunk(body) + "0\r\n\r\n"),
                AllOf(StartsWith(Text("HTTP/1.1 ", status)), HasSubstr(says)));
    Reconnect();
  }
  EXPECT_EQ(counting_.live, 0);
  std::string answer = Ask(PostOpen("/double") + Chunk(Line(1) + "x\n") + "0\r\n\r\n");
  EXPECT_THAT(ChunksOf(answer).pieces,
              ElementsAre("2\n", HasSubstr("line 2, column 1 of the body")));
  EXPECT_FALSE(ChunksOf(answer).ended);
}

TEST_F(StreamsInTest, TellsTheChainletsOwnFailureBesideTheRequests) {
  EXPECT_THAT(Ask(PostOpen("/sum") + Chunk(Line(1) + Line(-1))),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("OUT_OF_RANGE")));
}

TEST_F(StreamsInTest, SaysThatTheClientMayBeWhatItWaitsFor) {
  std::string answer = Ask(PostOpen("/double") + Chunk(Line(1)));
  EXPECT_THAT(ChunksOf(answer).pieces, ElementsAre("2\n"));
  loop_.Advance(absl::Seconds(59));
  answer += Ask(Chunk(Line(2)));
  loop_.Advance(absl::Seconds(59));
  answer += More();
  EXPECT_THAT(ChunksOf(answer).pieces, ElementsAre("2\n", "4\n"));
  loop_.Advance(absl::Seconds(2));
  answer += More();
  EXPECT_THAT(ChunksOf(answer).pieces.back(),
              AllOf(HasSubstr("idle timeout"), HasSubstr("never ends its body")));
  EXPECT_EQ(counting_.live, 0);
}

TEST_F(StreamsInTest, ReadsNoFurtherThanTheChainletTakes) {
  counting_.holds = true;
  EXPECT_EQ(Ask(PostOpen("/sum", kLines)), "");
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += std::string(900, ' ') + Line(1);
  const std::string chunk = Chunk(lines);
  size_t sent = 0;  // bytes, of whole chunks but for the last
  std::string_view rest;
  for (int quiet = 0; quiet < 3;) {
    if (rest.empty()) rest = chunk;
    const size_t now = client_->Send(rest);
    rest.remove_prefix(now);
    sent += now;
    loop_.Settle();
    quiet = now == 0 ? quiet + 1 : 0;
    ASSERT_LT(sent, 32u << 20) << "nobody takes it, so it should stay with the client";
  }
  EXPECT_EQ(counting_.taken, 0);
  counting_.holds = false;
  counting_.released.Give();
  while (!rest.empty()) {
    loop_.Settle();
    rest.remove_prefix(client_->Send(rest));
  }
  const std::string answer = Ask("0\r\n\r\n");
  EXPECT_THAT(answer, EndsWith(Text("\r\n\r\n", counting_.taken)));
  EXPECT_GT(counting_.taken, 1000);
}

TEST_F(StreamsInTest, DropsTheCallOfAClientThatLeavesInMidRequest) {
  Ask(PostOpen("/double") + Chunk(Line(1)));
  EXPECT_EQ(counting_.live, 1);
  client_->Leave();
  loop_.Settle();
  EXPECT_EQ(counting_.live, 0);
  EXPECT_THAT(Metrics(), HasSubstr("method=\"double\",status=\"499\"} 1\n"));
}

class StreamsHeldTest : public StreamsTest {
 protected:
  static Gateway::Options Held() {
    Gateway::Options options;
    options.streams.max_bytes_held = 150'000;
    return options;
  }
  StreamsHeldTest() : StreamsTest(Held()) {}
};

TEST_F(StreamsHeldTest, RefusesWhatAllStreamsTogetherHoldTooMuchOf) {
  const std::string begin = PostOpen("/sum", kLines) + Chunk(std::string(60'000, ' '));
  std::vector<std::unique_ptr<TestClient>> others;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Ask(begin), "");
    others.push_back(std::move(client_));
    Reconnect();
  }
  EXPECT_THAT(Ask(begin),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("too many large streams at once")));
  others.clear();
  Reconnect();
  EXPECT_EQ(Ask(begin), "");
  EXPECT_THAT(Ask(Chunk("\n" + Line(1)) + "0\r\n\r\n"), EndsWith("\r\n\r\n1"));
  EXPECT_THAT(
      Ask(Post("/run_remote", R"({"to": 4, "text_bytes": 60000})", "Accept: application/json\r\n")),
      StartsWith("HTTP/1.1 503"));
}

TEST_F(StreamsInTest, RefusesABodyThatIsNoHttp) {
  EXPECT_THAT(Ask(PostOpen("/sum") + "zzz\r\n"), StartsWith("HTTP/1.1 400"));
}

}  // namespace
}  // namespace chains::gateway
