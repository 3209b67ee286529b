#include "gateway/http/http2_session.h"

#include <map>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/http/http2_frames.h"

namespace chains::gateway {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr size_t kMaxHead = 1024;

// One that answers as the test tells it.
struct FakeStream final : Http2Session::Exchange {
  void OnBody(std::string_view bytes) override { body += bytes; }
  void OnBodyEnd() override { body_ended = true; }
  Http2Session::Piece Fill(std::span<char> room) override {
    const size_t size = std::min(room.size(), answer.size());
    answer.copy(room.data(), size);
    answer.erase(0, size);
    using Then = Http2Session::Piece::Then;
    if (!answer.empty() || !answer_ends) {
      return {.bytes = size, .then = answer.empty() ? Then::kLater : Then::kMore};
    }
    const bool has_trailers = !trailers.fields().empty();
    return {.bytes = size, .then = Then::kEnd, .trailers = has_trailers ? &trailers : nullptr};
  }
  void OnClosed() override { closed = true; }

  Http2Session::Begun begun{};
  RequestHead head;
  std::string body;
  bool body_ended = false;
  bool closed = false;
  std::string answer;
  bool answer_ends = true;
  Http2Fields trailers;
};

class Http2SessionTest : public ::testing::Test, private Http2Session::Owner {
 protected:
  static Http2Options Options() {
    Http2Options options;
    options.max_streams = 4;
    options.stream_window = 1000;
    options.connection_window = 100000;
    options.frames_at_once = 100;
    options.frames_per_second = 10;
    options.resets_at_once = 10;
    options.resets_per_second = 1;
    return options;
  }

  // Says `bytes`, and hears what comes back.
  void Say(std::string_view bytes) {
    session_.Receive(bytes, now_);
    Hear();
  }
  void Hear() {
    std::string answer;
    while (session_.Send(answer) > 0) {
    }
    heard_.Add(answer);
  }
  FakeStream& stream(int32_t id) { return *streams_.at(id); }
  void Answer(int32_t id, std::string body) {
    stream(id).answer = std::move(body);
    Http2Fields head;
    head.Add(":status", "200");
    session_.Respond(id, head, Http2Session::Body::kFollows);
    Hear();
  }

  absl::Time now_ = absl::FromUnixSeconds(1800000000);
  std::map<int32_t, std::unique_ptr<FakeStream>> streams_;
  bool refuses_ = false;
  int pongs_ = 0;
  h2::Heard heard_;
  Http2Session session_{Options(), kMaxHead, *this};

 private:
  Http2Session::Exchange* OnRequest(const Http2Session::Begun& begun, RequestHead head) override {
    if (refuses_) return nullptr;
    std::unique_ptr<FakeStream>& made = streams_[begun.id];
    made = std::make_unique<FakeStream>();
    made->begun = begun;
    made->head = std::move(head);
    return made.get();
  }
  void OnPong() override { ++pongs_; }
};

TEST_F(Http2SessionTest, ARequestAndItsResponseComeThrough) {
  Say(h2::Hello() + h2::Headers(1, h2::Post("/a?b=c", {{"x-y", "z"}}), h2::kEndHeaders));
  EXPECT_EQ(stream(1).head.method, "POST");
  EXPECT_EQ(stream(1).head.target, "/a?b=c");
  EXPECT_EQ(stream(1).head.Header("x-y"), "z");
  EXPECT_EQ(stream(1).head.Header("host"), "a");
  EXPECT_TRUE(stream(1).begun.has_body);
  Say(h2::Data(1, "one ") + h2::Data(1, "two", h2::kEndStream));
  EXPECT_EQ(stream(1).body, "one two");
  EXPECT_TRUE(stream(1).body_ended);
  stream(1).trailers.Add("Grpc-Status", "0");
  Answer(1, "three");
  EXPECT_EQ(heard_.responses[1].status(), "200");
  EXPECT_EQ(heard_.responses[1].body, "three");
  EXPECT_THAT(heard_.responses[1].trailers, ElementsAre(Pair("grpc-status", "0")));
  EXPECT_TRUE(heard_.responses[1].ended);
  EXPECT_TRUE(stream(1).closed);
  EXPECT_EQ(heard_.acks, 1);
}

TEST_F(Http2SessionTest, AClientMaySendOnlyWhatSomebodyTakes) {
  Say(h2::Hello() + h2::Frame(h2::kSettings, h2::kAck, 0, ""));
  Say(h2::Headers(1, h2::Post("/"), h2::kEndHeaders) + h2::Data(1, std::string(1000, 'x')));
  EXPECT_EQ(heard_.room[1], 0);
  EXPECT_EQ(stream(1).body.size(), 1000);
  session_.Taken(1, 1000);
  Hear();
  EXPECT_EQ(heard_.room[1], 1000);
  // Who sends more breaks the rules.
  Say(h2::Data(1, std::string(1001, 'x')));
  EXPECT_EQ(heard_.responses[1].reset, NGHTTP2_FLOW_CONTROL_ERROR);
}

TEST_F(Http2SessionTest, ABodyThatNobodyTakesLeavesTheConnectionsRoomToOthers) {
  Say(h2::Hello());
  const uint64_t room = heard_.room[0];
  for (uint32_t id = 1; id <= 7; id += 2) {
    Say(h2::Headers(id, h2::Post("/"), h2::kEndHeaders) + h2::Data(id, std::string(1000, 'x')));
  }
  for (int i = 0; i < 60; ++i) {
    session_.Taken(1, 1000);
    Say(h2::Data(1, std::string(1000, 'x')));
  }
  EXPECT_GT(heard_.room[0], room);
  EXPECT_THAT(heard_.go_aways, IsEmpty());
}

TEST_F(Http2SessionTest, AResponseGoesOnlyWhereTheClientHasRoom) {
  Say(std::string(h2::kPreface) +
      h2::Settings(h2::Setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10)) +
      h2::Headers(1, h2::Get("/")));
  Answer(1, std::string(25, 'x'));
  EXPECT_EQ(heard_.responses[1].body.size(), 10);
  Say(h2::WindowUpdate(1, 10));
  EXPECT_EQ(heard_.responses[1].body.size(), 20);
  EXPECT_FALSE(heard_.responses[1].ended);
  Say(h2::WindowUpdate(1, 10));
  EXPECT_TRUE(heard_.responses[1].ended);
}

TEST_F(Http2SessionTest, AResponseInPiecesWaitsForTheNext) {
  Say(h2::Hello() + h2::Headers(1, h2::Get("/")));
  stream(1).answer_ends = false;
  Answer(1, "one");
  EXPECT_EQ(heard_.responses[1].body, "one");
  stream(1).answer += "two";
  stream(1).answer_ends = true;
  Hear();
  EXPECT_EQ(heard_.responses[1].body, "one");
  session_.Resume(1);
  Hear();
  EXPECT_EQ(heard_.responses[1].body, "onetwo");
  EXPECT_TRUE(heard_.responses[1].ended);
}

TEST_F(Http2SessionTest, AResponseBeforeItsRequestsEndSaysThatTheRestIsNotWanted) {
  Say(h2::Hello() + h2::Headers(1, h2::Post("/"), h2::kEndHeaders));
  Answer(1, "no");
  EXPECT_TRUE(heard_.responses[1].ended);
  EXPECT_EQ(heard_.responses[1].reset, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(stream(1).closed);
}

TEST_F(Http2SessionTest, AHeadThatIsTooLargeIsCutOffAndTold) {
  Say(h2::Hello() + h2::Headers(1, h2::Post("/", {{"x", std::string(kMaxHead, 'y')}})));
  EXPECT_TRUE(stream(1).begun.head_too_large);
  EXPECT_FALSE(stream(1).head.Header("x"));
}

TEST_F(Http2SessionTest, AHeadWithoutEndEndsTheConnection) {
  Say(h2::Hello() + h2::Headers(1, h2::Get("/"), 0));
  EXPECT_TRUE(session_.in_head());
  for (int i = 0; i < 40; ++i) Say(h2::Frame(h2::kContinuation, 0, 1, ""));
  EXPECT_THAT(heard_.go_aways, ElementsAre(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_TRUE(session_.ended());
}

TEST_F(Http2SessionTest, AHeadOfMoreBytesThanAnyHeadHasEndsTheConnection) {
  Say(h2::Hello() + h2::Headers(1, h2::Get("/"), 0));
  const std::string part = h2::Block({{"x", std::string(1000, 'y')}});
  for (int i = 0; i < 6; ++i) Say(h2::Frame(h2::kContinuation, 0, 1, part));
  EXPECT_THAT(heard_.go_aways, ElementsAre(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST_F(Http2SessionTest, RequestsThatAreTakenBackAtOnceEndTheConnection) {
  Say(h2::Hello());
  for (uint32_t id = 1; id < 60; id += 2) Say(h2::Headers(id, h2::Get("/")) + h2::Reset(id));
  EXPECT_THAT(heard_.go_aways, ElementsAre(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_LE(streams_.size(), 11);
}

TEST_F(Http2SessionTest, RequestsThatAreTakenBackSlowlyDoNot) {
  Say(h2::Hello());
  for (uint32_t id = 1; id < 60; id += 2) {
    Say(h2::Headers(id, h2::Get("/")) + h2::Reset(id));
    now_ += absl::Seconds(1);
  }
  EXPECT_THAT(heard_.go_aways, IsEmpty());
  EXPECT_EQ(streams_.size(), 30);
}

struct Flood {
  const char* name;
  std::string frame;
};
class Http2FloodTest : public Http2SessionTest, public ::testing::WithParamInterface<Flood> {};

TEST_P(Http2FloodTest, EndsTheConnection) {
  Say(h2::Hello() + h2::Headers(1, h2::Post("/"), h2::kEndHeaders));
  int said = 0;
  for (; said < 200 && !session_.ended(); ++said) Say(GetParam().frame);
  EXPECT_LT(said, 110);
  EXPECT_THAT(heard_.go_aways, ElementsAre(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_THAT(session_.problem(), ::testing::HasSubstr("flood"));
}

INSTANTIATE_TEST_SUITE_P(
    All, Http2FloodTest,
    ::testing::Values(Flood{"Pings", h2::Ping()}, Flood{"Pongs", h2::Ping(h2::kAck)},
                      Flood{"Settings", h2::Settings()}, Flood{"EmptyData", h2::Data(1, "")},
                      Flood{"Padding", h2::Frame(h2::kData, h2::kPadded, 1, std::string(1, 0))},
                      Flood{"Priorities", h2::Frame(h2::kPriority, 0, 1, h2::Number(3, 4) + "x")},
                      Flood{"WindowUpdates", h2::WindowUpdate(1, 1)},
                      Flood{"UnknownFrames", h2::Frame(77, 0, 1, "x")}),
    [](const auto& each) { return each.param.name; });

TEST_F(Http2SessionTest, WindowUpdatesThatAnswerDataAreNoFlood) {
  Say(h2::Hello() + h2::Headers(1, h2::Get("/")));
  stream(1).answer_ends = false;
  Answer(1, "x");
  for (int i = 0; i < 1000; ++i) {
    stream(1).answer += "x";
    session_.Resume(1);
    Say(h2::WindowUpdate(0, 1) + h2::WindowUpdate(1, 1));
  }
  EXPECT_EQ(heard_.responses[1].body.size(), 1001);
  EXPECT_THAT(heard_.go_aways, IsEmpty());
}

TEST_F(Http2SessionTest, MoreRequestsAtATimeThanAllowedAreRefused) {
  Say(h2::Hello() + h2::Frame(h2::kSettings, h2::kAck, 0, ""));
  for (uint32_t id = 1; id < 11; id += 2) Say(h2::Headers(id, h2::Get("/")));
  EXPECT_EQ(streams_.size(), 4);
  const bool refused = heard_.responses[9].reset == NGHTTP2_REFUSED_STREAM ||
                       heard_.go_aways == std::vector<uint32_t>{NGHTTP2_PROTOCOL_ERROR};
  EXPECT_TRUE(refused);
}

TEST_F(Http2SessionTest, ARequestThatIsRefusedMayBeSentElsewhere) {
  refuses_ = true;
  Say(h2::Hello() + h2::Headers(1, h2::Get("/")));
  EXPECT_EQ(heard_.responses[1].reset, NGHTTP2_REFUSED_STREAM);
}

TEST_F(Http2SessionTest, AnEndIsAnnouncedBeforeItComes) {
  Say(h2::Hello() + h2::Headers(1, h2::Get("/")));
  session_.Announce();
  session_.Ping();
  Hear();
  EXPECT_THAT(heard_.go_aways, ElementsAre(NGHTTP2_NO_ERROR));
  EXPECT_THAT(heard_.last_streams, ElementsAre(0x7fffffff));
  EXPECT_EQ(heard_.pings, 1);
  // What was under way is taken.
  Say(h2::Headers(3, h2::Get("/")) + h2::Ping(h2::kAck));
  EXPECT_EQ(pongs_, 1);
  session_.Finish();
  Hear();
  EXPECT_THAT(heard_.last_streams, ElementsAre(0x7fffffff, 3));
  Say(h2::Headers(5, h2::Get("/")));
  EXPECT_EQ(streams_.count(5), 0);
  EXPECT_FALSE(session_.ended());
  Answer(1, "a");
  Answer(3, "b");
  EXPECT_TRUE(session_.ended());
}

TEST_F(Http2SessionTest, OtherBytesThanHttp2AreRefused) {
  Say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(heard_.go_aways, ElementsAre(NGHTTP2_PROTOCOL_ERROR));
  EXPECT_TRUE(session_.ended());
}

TEST_F(Http2SessionTest, CrumbsOfCookiesAreOneHeader) {
  Say(h2::Hello() + h2::Headers(1, h2::Post("/", {{"cookie", "a=b"}, {"cookie", "c=d"}})));
  EXPECT_THAT(stream(1).head.headers, Contains(Pair("cookie", "a=b; c=d")));
}

TEST_F(Http2SessionTest, WhatBelongsToAConnectionIsNotSent) {
  Http2Fields fields;
  fields.Add("Connection", "close");
  fields.Add("Transfer-Encoding", "chunked");
  fields.Add("X-Ok", " a\r\nb ");
  fields.Add("no name", "c");
  ASSERT_EQ(fields.fields().size(), 1);
  const nghttp2_nv& field = fields.fields().front();
  EXPECT_EQ(std::string(reinterpret_cast<char*>(field.name), field.namelen), "x-ok");
  EXPECT_EQ(std::string(reinterpret_cast<char*>(field.value), field.valuelen), "a  b");
}

}  // namespace
}  // namespace chains::gateway
