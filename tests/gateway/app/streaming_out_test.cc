// Methods that stream replies, over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/body/delimited.h"
#include "tests/gateway/app/streams_fixture.h"
#include "tests/gateway/body/split.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kSse = "Accept: text/event-stream\r\n";
constexpr const char* kArray = "Accept: application/json\r\n";

TEST_F(StreamsTest, SendsALineForEachItemAsItIsMade) {
  std::string answer = Ask(Post("/run_remote", R"({"to": 3, "seconds": 10})"));
  EXPECT_EQ(answer, "");  // the status waits for the first item
  loop_.Advance(absl::Seconds(10));
  answer = More();
  EXPECT_THAT(
      answer,
      AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: application/x-ndjson\r\n"),
            HasSubstr("Cache-Control: no-store\r\n"), HasSubstr("X-Accel-Buffering: no\r\n")));
  EXPECT_THAT(ChunksOf(answer).pieces, ElementsAre("{\"number\":1,\"text\":\"\"}\n"));
  loop_.Advance(absl::Seconds(9));
  EXPECT_EQ(More(), "");
  loop_.Advance(absl::Seconds(1));
  answer += More();
  EXPECT_THAT(ChunksOf(answer).pieces, SizeIs(2));
  EXPECT_FALSE(ChunksOf(answer).ended);
  loop_.Advance(absl::Seconds(10));
  answer += More();
  EXPECT_THAT(ChunksOf(answer).pieces, SizeIs(3));
  EXPECT_TRUE(ChunksOf(answer).ended);
  EXPECT_THAT(Ask(Post("/run_remote", R"({"to": 1})")), StartsWith("HTTP/1.1 200"));
}

TEST_F(StreamsTest, SendsEventsWithHeartbeatsToAnEventSource) {
  std::string answer = Ask(Get("/run_remote?to=2&seconds=40", kSse));
  EXPECT_EQ(answer, "");
  loop_.Advance(absl::Seconds(15));
  answer = More();
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                            HasSubstr("Content-Type: text/event-stream\r\n")));
  EXPECT_THAT(ChunksOf(answer).pieces, ElementsAre(": hb\n\n"));
  loop_.Advance(absl::Seconds(15));
  loop_.Advance(absl::Seconds(10));
  answer += More();
  loop_.Advance(absl::Seconds(15));
  loop_.Advance(absl::Seconds(15));
  loop_.Advance(absl::Seconds(10));
  answer += More();
  EXPECT_THAT(ChunksOf(answer).pieces,
              ElementsAre(": hb\n\n", ": hb\n\n", "id: 1\ndata: {\"number\":1,\"text\":\"\"}\n\n",
                          ": hb\n\n", ": hb\n\n", "id: 2\ndata: {\"number\":2,\"text\":\"\"}\n\n",
                          "event: end\nid: end\ndata: {}\n\n"));
  EXPECT_TRUE(ChunksOf(answer).ended);
  EXPECT_THAT(Ask(Get("/run_remote?to=2", "Last-Event-ID: end\r\n")), StartsWith("HTTP/1.1 204"));
  EXPECT_EQ(counting_.calls, 1);
}

TEST_F(StreamsTest, GathersToAnArrayWithinBounds) {
  EXPECT_THAT(Ask(Post("/run_remote", R"({"to": 2})", kArray)),
              AllOf(HasSubstr("Content-Type: application/json\r\n"), HasSubstr("Content-Length:"),
                    HasSubstr("\r\n\r\n[{\"number\":1,\"text\":\"\"},{\"number\":2,")));
  EXPECT_THAT(Ask(Post("/run_remote", R"({"to": 0})", kArray)), HasSubstr("\r\n\r\n[]"));
  EXPECT_THAT(Ask(Post("/run_remote", R"({"to": 10001})", kArray)),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("10000 items"), HasSubstr("x-ndjson")));
  EXPECT_THAT(Ask(Post("/run_remote", R"({"to": 100, "text_bytes": 200000})", kArray)),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("16777216 bytes")));
  EXPECT_LE(counting_.made, 10'000 + 100);
  EXPECT_THAT(Ask(Post("/run_remote", R"({"to": 2, "fail_after": 1})", kArray)),
              StartsWith("HTTP/1.1 409"));
  EXPECT_EQ(counting_.live, 0);
}

TEST_F(StreamsTest, SendsProtobufMessagesWithTheirLengths) {
  numbers::CountRequest request;
  request.set_to(2);
  const std::string body = request.SerializeAsString();
  for (const char* headers : {"Content-Type: application/x-protobuf\r\n",
                              "Content-Type: application/x-protobuf\r\nAccept: */*\r\n"}) {
    const std::string answer = Ask(Post("/run_remote", body, headers));
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/x-protobuf\r\n"));
    numbers::Item item;
    item.set_number(1);
    const std::string first = item.SerializeAsString();
    EXPECT_THAT(Split(DelimitedSplitter(1000), {ChunksOf(answer).Joined()}),
                ElementsAre("message 1: " + first, StartsWith("message 2: ")));
  }
}

TEST_F(StreamsTest, AnswersAFailureBeforeTheFirstItemWithAStatus) {
  for (const char* accept : {"", kSse, kArray}) {
    EXPECT_THAT(Ask(Post("/run_remote", R"({"to": 1, "fail_after": 0})", accept)),
                AllOf(StartsWith("HTTP/1.1 409"), HasSubstr("Content-Type: application/json\r\n"),
                      HasSubstr(R"("code":"ABORTED")")));
  }
  EXPECT_THAT(Ask(Post("/run_remote", "{")), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Ask(Post("/run_remote", "{}")), HasSubstr("missing: to"));
}

TEST_F(StreamsTest, TellsAFailureInMidStreamAndBreaksTheResponseOff) {
  const std::string body = R"({"to": 3, "fail_after": 2})";
  std::string answer = Ask(Post("/run_remote", body));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ChunksOf(answer).pieces,
              ElementsAre(HasSubstr("1"), HasSubstr("2"),
                          AllOf(StartsWith(R"({"error":{"code":"ABORTED","message":"had enough")"),
                                HasSubstr("\n"))));
  EXPECT_FALSE(client_->ended());  // so that the line is read
  loop_.Advance(absl::Seconds(1));
  answer += More();
  EXPECT_FALSE(ChunksOf(answer).ended);
  EXPECT_TRUE(client_->ended());

  Reconnect();
  answer = Ask(Post("/run_remote", body, kSse));
  EXPECT_THAT(ChunksOf(answer).pieces.back(),
              StartsWith("event: error\nid: end\ndata: {\"error\":{\"code\":\"ABORTED\""));
  EXPECT_TRUE(ChunksOf(answer).ended);  // the event has said it

  numbers::CountRequest request;
  request.set_to(3);
  request.set_fail_after(2);
  answer = Ask(
      Post("/run_remote", request.SerializeAsString(), "Content-Type: application/x-protobuf\r\n"));
  EXPECT_THAT(ChunksOf(answer).pieces, SizeIs(2));
  EXPECT_FALSE(ChunksOf(answer).ended);
  EXPECT_TRUE(client_->ended());
  EXPECT_THAT(Metrics(), HasSubstr("method=\"run_remote\",status=\"409\"} 3\n"));
}

TEST_F(StreamsTest, EndsAStreamThatIsSilentForTooLong) {
  std::string answer = Ask(Post("/run_remote", R"({"to": 2, "seconds": 61})"));
  loop_.Advance(absl::Seconds(59));
  EXPECT_EQ(More(), "");
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(More(), AllOf(StartsWith("HTTP/1.1 504"), HasSubstr("DEADLINE_EXCEEDED"),
                            HasSubstr("idle timeout: nothing came for 1m")));
  EXPECT_EQ(counting_.live, 0);

  answer = Ask(Post("/run_remote", R"({"to": 3, "seconds": 59})"));
  for (int i = 0; i < 3; ++i) loop_.Advance(absl::Seconds(59));
  answer += More();
  EXPECT_THAT(ChunksOf(answer).pieces, SizeIs(3));
  EXPECT_TRUE(ChunksOf(answer).ended);
}

TEST_F(StreamsTest, HoldsTheDeadlineOverTheWholeStream) {
  std::string answer =
      Ask(Post("/run_remote", R"({"to": 100, "seconds": 1})", "Chains-Timeout: 3500ms\r\n"));
  EXPECT_EQ(way_.last_context.deadline(), loop_.Now() + absl::Milliseconds(3500));
  for (int i = 0; i < 4; ++i) loop_.Advance(absl::Seconds(1));
  answer += More();
  EXPECT_THAT(ChunksOf(answer).pieces, SizeIs(4));
  EXPECT_THAT(ChunksOf(answer).pieces.back(), HasSubstr("\"message\":\"deadline exceeded\""));
  EXPECT_EQ(counting_.live, 0);
  Reconnect();
  Ask(Post("/run_remote", R"({"to": 1})"));
  EXPECT_EQ(way_.last_context.deadline(), loop_.Now() + absl::Hours(1));
}

TEST_F(StreamsTest, DropsEverythingWhenTheClientLeaves) {
  Ask(Post("/run_remote", R"({"to": 100, "seconds": 10})"));
  EXPECT_EQ(counting_.live, 1);
  client_->Leave();
  loop_.Settle();
  EXPECT_EQ(counting_.live, 0);

  Reconnect();
  Ask(Post("/run_remote", R"({"to": 100, "seconds": 10})"));
  loop_.Advance(absl::Seconds(10));
  EXPECT_EQ(counting_.live, 1);
  EXPECT_THAT(gateway_->routes().routes()->targets(), SizeIs(1));
  client_->Leave();
  loop_.Settle();
  EXPECT_EQ(counting_.live, 0);
  const std::string metrics = Metrics();
  EXPECT_THAT(metrics, HasSubstr("method=\"run_remote\",status=\"499\"} 2\n"));
  EXPECT_THAT(metrics, HasSubstr("chains_gateway_requests_in_flight{chain=\"all\",deployment="
                                 "\"production\",method=\"run_remote\"} 0\n"));
}

TEST_F(StreamsTest, CountsAStreamUntilItsEnd) {
  Ask(Post("/run_remote", R"({"to": 1, "seconds": 10})"));
  const auto stream = std::move(client_);
  EXPECT_THAT(Metrics(), AllOf(HasSubstr("method=\"run_remote\"} 1\n"),
                               Not(HasSubstr("method=\"run_remote\",status="))));
  loop_.Advance(absl::Seconds(10));
  EXPECT_THAT(Metrics(), HasSubstr("method=\"run_remote\",status=\"200\"} 1\n"));
}

TEST_F(StreamsTest, CallsAgainOnlyBeforeTheFirstItemAndWhereItMay) {
  way_.cut = 2;
  std::string answer = Ask(Post("/run_remote", R"({"to": 1})"));
  loop_.Advance(absl::Seconds(1));
  loop_.Advance(absl::Seconds(1));
  answer += More();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(way_.streams, 3);

  way_.cut = 1;
  EXPECT_THAT(Ask(Post("/draw", R"({"to": 1})")), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(way_.streams, 4);

  way_.cut_after_items = 1;
  answer = Ask(Post("/run_remote", R"({"to": 3})"));
  EXPECT_THAT(ChunksOf(answer).pieces, ElementsAre(HasSubstr("1"), HasSubstr("UNAVAILABLE")));
  EXPECT_EQ(way_.streams, 5);
}

TEST_F(StreamsTest, PutsTheReceiptOfAStreamBehindIt) {
  std::string answer = Ask(Post("/run_remote?receipt=1", R"({"to": 3})", "TE: trailers\r\n"));
  EXPECT_THAT(answer.substr(0, answer.find("\r\n\r\n")),
              AllOf(HasSubstr("Trailer: Chains-Receipt"), Not(HasSubstr("Chains-Receipt: "))));
  EXPECT_THAT(ChunksOf(answer).trailers,
              AllOf(StartsWith("Chains-Receipt: {\"call\":{\"chainlet\":\"numbers.Numbers\""),
                    HasSubstr("\"code\":\"OK\""), HasSubstr("\"items\":3")));
  answer = Ask(Post("/run_remote?receipt=1", R"({"to": 3})", kArray));
  EXPECT_THAT(answer.substr(0, answer.find("\r\n\r\n")), HasSubstr("\"items\":3"));
  answer = Ask(Post("/run_remote?receipt=1", R"({"to": 3, "fail_after": 0})"));
  EXPECT_THAT(answer, HasSubstr("Chains-Receipt: {\"call\":{\"chainlet\":\"numbers.Numbers\""));
  answer = Ask(Post("/run_remote?receipt=1", R"({"to": 3})"));
  EXPECT_THAT(ChunksOf(answer).trailers, Not(HasSubstr("Chains-Receipt")));
}

TEST_F(StreamsTest, MakesNothingWhileNobodyReads) {
  client_->Send(Post("/run_remote", R"({"to": 100000, "text_bytes": 100000})"));
  loop_.Settle();
  const int made = counting_.made;
  EXPECT_GE(made, 1);
  EXPECT_LT(made, 200);  // what the system's buffers hold, 100 kB each
  loop_.Settle();
  EXPECT_EQ(counting_.made, made);
  for (int tries = 0; tries < 1000 && counting_.made == made; ++tries) More();
  EXPECT_GT(counting_.made, made);
}

class QueryTest : public StreamsTest {};

TEST_F(QueryTest, AsksWhatHasNoSideEffectsByGet) {
  EXPECT_THAT(Ask(Get("/square?number=1.5&negated=true&offsets=1&offsets=2&receipt=0&x=y")),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("\r\n\r\n-5.25")));
  EXPECT_THAT(Ask(Get("/square?request=%7B%22number%22:3,%22negated%22:false%7D")),
              HasSubstr("\r\n\r\n9"));
  EXPECT_THAT(Ask(Get("/run_remote?to=1&textBytes=2")),
              HasSubstr("{\"number\":1,\"text\":\"xx\"}"));
  EXPECT_THAT(Ask(Get("/run_remote?to=1", "Content-Type: application/x-protobuf\r\n")),
              HasSubstr("{\"number\":1,"));
  const struct {
    const char* target;
    const char* status;
    const char* says;
  } kCases[] = {
      {"/square", "400", "missing: number, negated"},
      {"/square?number=1&negated=2", "400", "negated: "},
      {"/square?number=1&number=2&negated=true", "400", "the query names number 2 times"},
      {"/square?number=%zz&negated=true", "400", "'%'"},
      {"/square?number=1&negated=%FF", "400", "UTF-8"},
      {"/run_remote?to=1&from=2", "400", "a query cannot say the field from"},
      {"/run_remote?request=[", "400", "1:1"},
      {"/draw?to=1", "405", "POST only"},
      {"/sum?request=1", "405", "POST only"},
  };
  for (const auto& [target, status, says] : kCases) {
    EXPECT_THAT(Ask(Get(target)), AllOf(StartsWith(Text("HTTP/1.1 ", status)), HasSubstr(says)))
        << target;
  }
  EXPECT_THAT(Ask("PUT /square HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, POST\r\n")));
}

}  // namespace
}  // namespace chains::gateway
