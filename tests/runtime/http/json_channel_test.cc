// A contract whose methods are answered by a scripted HTTP server.
#include "chains/http/json_channel.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/wait.h"
#include "chains/testing/collect.h"
#include "chains/testing/status_matchers.h"
#include "chat.chains.h"

namespace chains::http {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using testing::StatusIs;
namespace chat = ::tests::chat;

// Answers each request with what was scripted, and keeps what was asked.
class ScriptedTransport final : public Transport {
 public:
  void Answer(absl::StatusOr<Response> answer) { answers_.push_back(std::move(answer)); }
  void Answer(int status, std::string body) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    Answer(std::move(response));
  }
  // Of a stream: a head, then lines; `end` is how it ends.
  void Answer(std::string content_type, std::vector<std::string> lines, absl::Status end = {}) {
    type_ = std::move(content_type);
    lines_ = std::move(lines);
    end_ = std::move(end);
  }
  const Request& asked() const { return asked_.back(); }

  Task<Response> Send(Request request, absl::Duration) override {
    asked_.push_back(std::move(request));
    absl::StatusOr<Response> answer = std::move(answers_.front());
    answers_.pop_front();
    return Done<Response>(std::move(answer));
  }
  Stream<Response> Follow(Request request, absl::Duration) override {
    asked_.push_back(std::move(request));
    Response head;
    head.status = 200;
    head.headers["content-type"] = type_;
    if (!answers_.empty()) head = *std::move(answers_.front());
    co_yield std::move(head);
    for (const std::string& line : lines_) {
      Response piece;
      piece.status = 200;
      piece.body = line;
      co_yield std::move(piece);
    }
    co_await end_;
  }

 private:
  std::deque<absl::StatusOr<Response>> answers_;
  std::string type_;
  std::vector<std::string> lines_;
  absl::Status end_;
  std::vector<Request> asked_;
};

class JsonChannelTest : public ::testing::Test {
 protected:
  JsonChannelTest()
      : channel_(JsonChannel::Make(Contract<chat::Chat>::Info(), "https://m.example/", transport_)
                     .value()),
        chat_(Contract<chat::Chat>::Connect(*channel_)) {}

  static chat::ChatRequest Question() {
    chat::ChatRequest request;
    request.set_model("small");
    request.set_seed(9007199254740993);
    chat::Message& message = *request.add_messages();
    message.set_role("user");
    message.set_content("Why \"so\"?");
    return request;
  }
  absl::StatusOr<chat::ChatReply> Ask(Context context = {}) {
    return Wait(chat_->Complete(Question()), std::move(context));
  }
  std::vector<std::string> Words(absl::Status& end) {
    auto chunks = Wait(testing::Collect(chat_->Generate(Question())));
    end = chunks.status();
    std::vector<std::string> words;
    if (!chunks.ok()) return words;
    for (const chat::ChatChunk& chunk : *chunks) {
      words.push_back(chunk.choices(0).delta().content());
    }
    return words;
  }

  const std::shared_ptr<ScriptedTransport> transport_ = std::make_shared<ScriptedTransport>();
  const std::unique_ptr<JsonChannel> channel_;
  const std::unique_ptr<chat::Chat> chat_;
};

std::string Chunk(const std::string& word) {
  return R"({"id":"c","choices":[{"index":0,"delta":{"content":")" + word + R"("}}]})";
}

TEST_F(JsonChannelTest, AsksInJsonAndReadsTheAnswer) {
  transport_->Answer(200, R"({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "So.", "refusal": null},
                 "logprobs": null, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9}})");
  const absl::StatusOr<chat::ChatReply> reply = Ask();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->created(), 1700000000);
  EXPECT_EQ(reply->choices(0).message().content(), "So.");
  EXPECT_EQ(transport_->asked().method(), "POST");
  EXPECT_EQ(transport_->asked().target(), "/v1/chat/completions");
  EXPECT_EQ(transport_->asked().content_type(), "application/json");
  // What is not set is not there, and a large number is a number.
  EXPECT_EQ(transport_->asked().body(),
            R"({"model":"small","messages":[{"role":"user","content":"Why \"so\"?"}],)"
            R"("seed":9007199254740993})");
}

TEST_F(JsonChannelTest, SendsAnOptionalZero) {
  transport_->Answer(200, "{}");
  chat::ChatRequest request;
  request.set_temperature(0);
  EXPECT_THAT(Wait(chat_->Complete(request)), IsOk());
  EXPECT_EQ(transport_->asked().body(), R"({"temperature":0})");
}

TEST_F(JsonChannelTest, AsksForWhatIsInThePath) {
  transport_->Answer(200, R"({"id":"a/b"})");
  chat::ModelRequest request;
  request.set_model("a/b");
  request.set_verbose(true);
  EXPECT_THAT(Wait(chat_->Describe(request)), IsOk());
  EXPECT_EQ(transport_->asked().method(), "GET");
  EXPECT_EQ(transport_->asked().target(), "/v1/models/a%2Fb?verbose=true");
  EXPECT_EQ(transport_->asked().body(), "");
  EXPECT_THAT(Wait(chat_->Describe(chat::ModelRequest())),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("https://m.example"), HasSubstr("model"))));
}

TEST_F(JsonChannelTest, TellsDeadlineAndTraceButNoHeaders) {
  transport_->Answer(200, "{}");
  const Context context(absl::Now() + absl::Minutes(1), "0af7651916cd43dd8448eb211c80319c",
                        {{"authorization", "Bearer of-a-user"}});
  EXPECT_THAT(Ask(context), IsOk());
  const Request::Headers& headers = transport_->asked().headers();
  EXPECT_THAT(headers,
              Contains(Pair("traceparent", HasSubstr("0af7651916cd43dd8448eb211c80319c"))));
  EXPECT_THAT(headers, Contains(Pair("Chains-Timeout", HasSubstr("s"))));
  EXPECT_THAT(headers, Not(Contains(Key("authorization"))));
}

TEST_F(JsonChannelTest, FailsAsTheServerSays) {
  transport_->Answer(429, R"({"error":{"message":"slow down","type":"requests"}})");
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kResourceExhausted,
                              HasSubstr("https://m.example/v1/chat/completions: HTTP 429: slow")));
  transport_->Answer(absl::UnavailableError("https://m.example: no route"));
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(JsonChannelTest, AnAnswerThatIsNoneIsTheServersFault) {
  for (const char* body : {"<html>", "[]", R"({"choices": 7})", R"({"id": "x")"}) {
    transport_->Answer(200, body);
    EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kInternal, HasSubstr("tests.chat.ChatReply")))
        << body;
  }
  transport_->Answer(204, "");
  EXPECT_THAT(Ask(), IsOk());
}

TEST_F(JsonChannelTest, ReadsEventsAndLines) {
  absl::Status end;
  transport_->Answer("text/event-stream", {"data: " + Chunk("So"), "", ": ping", "",
                                           "data: " + Chunk("."), "", "data: [DONE]", ""});
  EXPECT_THAT(Words(end), ElementsAre("So", "."));
  EXPECT_THAT(transport_->asked().headers(),
              Contains(Pair("Accept", HasSubstr("text/event-stream"))));
  transport_->Answer("application/x-ndjson", {Chunk("a"), Chunk("b")});
  EXPECT_THAT(Words(end), ElementsAre("a", "b"));
  transport_->Answer("application/json", {Chunk("whole")});
  EXPECT_THAT(Words(end), ElementsAre("whole"));
}

TEST_F(JsonChannelTest, AStreamMayFailInItsMiddle) {
  absl::Status end;
  transport_->Answer("application/x-ndjson",
                     {Chunk("a"), R"({"error":{"code":"UNAVAILABLE","message":"gone"}})"});
  Words(end);
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("gone")));
  transport_->Answer("text/event-stream", {"event: error", "data: {\"message\": \"oh\"}", ""});
  Words(end);
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kUnknown, HasSubstr("oh")));
  transport_->Answer("text/event-stream", {"data: " + Chunk("a"), ""},
                     absl::UnavailableError("cut off"));
  Words(end);
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cut off")));
  transport_->Answer("text/event-stream", {"data: {", ""});
  Words(end);
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kInternal));
  transport_->Answer(401, R"({"error":{"message":"no key"}})");
  Words(end);
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("no key")));
}

TEST(CheckMapped, NamesWhatHttpCannotCarry) {
  EXPECT_THAT(CheckMapped(Contract<chat::Chat>::Info()), IsOk());
  EXPECT_THAT(CheckMapped(Contract<chat::Unmapped>::Info()),
              StatusIs(absl::StatusCode::kUnimplemented,
                       AllOf(HasSubstr("RunRemote (chat.proto:22) does not say where"),
                             HasSubstr("Upload (chat.proto:23) takes a stream"),
                             HasSubstr("Wrong (chat.proto:26): its verb is \"LIST\""))));
}

}  // namespace
}  // namespace chains::http
