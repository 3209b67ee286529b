// Cases in the manner of the Autobahn test suite, by hand. Each runs with its bytes offered whole
// and one by one: both must come to the same end.
#include "gateway/http/web_socket_session.h"

#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/http/web_socket_bytes.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class StringSink final : public WebSocketSession::Sink {
 public:
  size_t Write(std::string_view bytes) override {
    const size_t count = std::min(bytes.size(), room);
    written.append(bytes.substr(0, count));
    room -= count;
    return count;
  }

  std::string written;
  size_t room = 1 << 30;
};

constexpr WebSocketSession::Limits kSmall{.max_message_bytes = 200, .fragment_bytes = 64};

// What an echoing server sends for `bytes`, offered in pieces of this size.
std::vector<std::string> EchoIn(std::string_view bytes, size_t piece) {
  WebSocketSession session(kSmall);
  StringSink sink;
  while (!bytes.empty()) {
    std::string_view offered = bytes.substr(0, piece);
    bytes.remove_prefix(offered.size());
    do {
      offered.remove_prefix(session.Feed(offered));
      if (session.has_message()) session.Queue(session.TakeMessage());
      EXPECT_TRUE(session.Write(sink));
    } while (!offered.empty());
    session.Feed({});
    while (session.has_message()) {
      session.Queue(session.TakeMessage());
      EXPECT_TRUE(session.Write(sink));
      session.Feed({});
    }
    EXPECT_TRUE(session.Write(sink));
  }
  std::vector<std::string> shown = ShownFrames(sink.written);
  if (session.over()) shown.emplace_back("over");
  return shown;
}

std::vector<std::string> Echo(std::string_view bytes) {
  std::vector<std::string> whole = EchoIn(bytes, bytes.size());
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{7}}) {
    EXPECT_EQ(EchoIn(bytes, piece), whole) << "in pieces of " << piece;
  }
  return whole;
}

constexpr FrameOptions kMore{.fin = false};

TEST(WebSocketSessionTest, EchoesTextAndBytesOfEveryKindOfLength) {
  EXPECT_THAT(Echo(TextFrame("")), ElementsAre("text:"));
  EXPECT_THAT(Echo(TextFrame("h\xC3\xA9llo")), ElementsAre("text:h\xC3\xA9llo"));
  EXPECT_THAT(Echo(ClientFrame(kBinary, "\xFF\xFE")), ElementsAre("binary:\xFF\xFE"));
  WebSocketSession session({.max_message_bytes = 1 << 20, .fragment_bytes = 1 << 20});
  StringSink sink;
  for (const size_t length : {125u, 126u, 127u, 65535u, 65536u}) {
    const std::string bytes = ClientFrame(kBinary, std::string(length, 'x'));
    EXPECT_EQ(session.Feed(bytes), bytes.size());
    ASSERT_TRUE(session.has_message());
    session.Queue(session.TakeMessage());
    EXPECT_TRUE(session.Write(sink));
    EXPECT_EQ(TakeFrames(sink.written),
              (std::vector<ServerFrame>{{true, kBinary, std::string(length, 'x')}}));
  }
}

TEST(WebSocketSessionTest, PutsFragmentsTogether) {
  EXPECT_THAT(Echo(ClientFrame(kText, "a", kMore) + ClientFrame(kContinuation, "", kMore) +
                   ClientFrame(kContinuation, "b", kMore) + ClientFrame(kContinuation, "c")),
              ElementsAre("text:abc"));
  EXPECT_THAT(Echo(ClientFrame(kText, "", kMore) + ClientFrame(kContinuation, "", kMore) +
                   ClientFrame(kContinuation, "")),
              ElementsAre("text:"));
}

TEST(WebSocketSessionTest, AnswersPingsBetweenFragments) {
  EXPECT_THAT(Echo(ClientFrame(kText, "a", kMore) + ClientFrame(kPing, "p") +
                   ClientFrame(kPong, "unasked") + ClientFrame(kContinuation, "b") +
                   ClientFrame(kPing, std::string(125, 'q'))),
              ElementsAre("pong:p", "text:ab", Text("pong:", std::string(125, 'q'))));
}

TEST(WebSocketSessionTest, AnswersOnlyTheLastOfPingsThatCannotBeAnswered) {
  WebSocketSession session(kSmall);
  StringSink sink;
  sink.room = 0;
  std::string flood;
  for (int i = 0; i < 10000; ++i) flood += ClientFrame(kPing, Text(i));
  EXPECT_EQ(session.Feed(flood), flood.size());
  EXPECT_FALSE(session.Write(sink));
  EXPECT_EQ(session.Feed(flood), flood.size());
  sink.room = 1000;
  EXPECT_TRUE(session.Write(sink));
  EXPECT_THAT(ShownFrames(sink.written), ElementsAre("pong:9999", "pong:9999"));
}

TEST(WebSocketSessionTest, RefusesFragmentsThatDoNotFit) {
  EXPECT_THAT(Echo(ClientFrame(kContinuation, "b")),
              ElementsAre("close:1002:a continuation of no message", "over"));
  EXPECT_THAT(Echo(ClientFrame(kContinuation, "b", kMore)),
              ElementsAre(StartsWith("close:1002:"), "over"));
  EXPECT_THAT(Echo(ClientFrame(kText, "a", kMore) + TextFrame("b")),
              ElementsAre("close:1002:a message begins inside another one", "over"));
  EXPECT_THAT(Echo(TextFrame("a") + ClientFrame(kContinuation, "b")),
              ElementsAre("text:a", StartsWith("close:1002:"), "over"));
}

TEST(WebSocketSessionTest, RefusesReservedBits) {
  for (int rsv = 1; rsv < 8; ++rsv) {
    for (const int opcode : {kText, kBinary, kClose, kPing, kPong}) {
      EXPECT_THAT(Echo(TextFrame("a") + ClientFrame(opcode, "b", {.rsv = rsv}) + TextFrame("c")),
                  ElementsAre("text:a", HasSubstr("close:1002:reserved bits"), "over"))
          << rsv << " " << opcode;
    }
  }
}

TEST(WebSocketSessionTest, RefusesReservedOpcodes) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_THAT(Echo(TextFrame("a") + ClientFrame(opcode, "") + TextFrame("c")),
                ElementsAre("text:a", Text("close:1002:no frame has opcode ", opcode), "over"));
  }
}

TEST(WebSocketSessionTest, RefusesControlFramesThatAreLongOrInFragments) {
  for (const int opcode : {kClose, kPing, kPong}) {
    EXPECT_THAT(Echo(ClientFrame(opcode, std::string(126, 'x'))),
                ElementsAre(StartsWith("close:1002:"), "over"));
    EXPECT_THAT(Echo(ClientFrame(opcode, "x", kMore) + ClientFrame(kContinuation, "y")),
                ElementsAre(StartsWith("close:1002:"), "over"));
  }
}

TEST(WebSocketSessionTest, RefusesFramesWithoutAMask) {
  EXPECT_THAT(Echo(ClientFrame(kText, "abc", {.masked = false})),
              ElementsAre("close:1002:a client's frames must be masked", "over"));
  EXPECT_THAT(Echo(ClientFrame(kPing, "", {.masked = false})),
              ElementsAre(StartsWith("close:1002:"), "over"));
}

TEST(WebSocketSessionTest, RefusesLengthsThatAreLongerThanTheyNeedToBe) {
  EXPECT_THAT(Echo(ClientFrame(kText, "abc", {.length_bytes = 2})),
              ElementsAre(StartsWith("close:1002:"), "over"));
  EXPECT_THAT(Echo(ClientFrame(kText, "abc", {.length_bytes = 8})),
              ElementsAre(StartsWith("close:1002:"), "over"));
}

TEST(WebSocketSessionTest, HoldsNothingOfALengthThatIsALie) {
  for (const uint64_t says : {uint64_t{201}, uint64_t{1} << 32, (uint64_t{1} << 63) - 1}) {
    EXPECT_THAT(Echo(ClientFrame(kBinary, "abc", {.says = says})),
                ElementsAre("close:1009:a message is longer than 200 bytes", "over"));
  }
  EXPECT_THAT(Echo(ClientFrame(kBinary, "abc", {.says = uint64_t{1} << 63})),
              ElementsAre(StartsWith("close:1002:"), "over"));
  EXPECT_THAT(Echo(ClientFrame(kText, "abc", {.says = 100})), IsEmpty());
}

TEST(WebSocketSessionTest, CountsAllFragmentsOfAMessage) {
  const std::string most(200, 'x');
  EXPECT_THAT(
      Echo(ClientFrame(kText, most)),
      ElementsAre(StartsWith("text+:"), StartsWith("continuation+:"), StartsWith("continuation+:"),
                  Text("continuation:", std::string(8, 'x'))));
  EXPECT_THAT(Echo(ClientFrame(kText, most, kMore) + ClientFrame(kContinuation, "x")),
              ElementsAre(StartsWith("close:1009:"), "over"));
  EXPECT_THAT(Echo(ClientFrame(kText, "x", kMore) +
                   ClientFrame(kContinuation, "y", {.says = (uint64_t{1} << 63) - 1})),
              ElementsAre(StartsWith("close:1009:"), "over"));
}

TEST(WebSocketSessionTest, TakesCharactersApartAnywhere) {
  const std::string text = "\xCE\xBA\xE1\xBD\xB9\xF0\x9F\x98\x80z";
  for (size_t at = 0; at <= text.size(); ++at) {
    EXPECT_THAT(Echo(ClientFrame(kText, text.substr(0, at), kMore) +
                     ClientFrame(kContinuation, text.substr(at))),
                ElementsAre(Text("text:", text)));
  }
}

TEST(WebSocketSessionTest, RefusesWhatIsNotUtf8AtEverySplit) {
  const std::array<std::string, 9> bad = {
      "a\xC0\x80",              // a longer form than needed
      "\xE0\x9F\xBFz",          // so too
      "\xED\xA0\x80",           // half of a surrogate pair
      "\xF4\x90\x80\x80",       // above U+10FFFF
      "\xF8\x88\x80\x80\x80z",  // five bytes
      "\x80",                   // no beginning
      "\xCE\xBA\xFE",           // no byte of UTF-8
      "abc\xE1\xBD",            // cut off
      "\xF0\x9F\x98",           // so too
  };
  for (const std::string& text : bad) {
    for (size_t at = 0; at <= text.size(); ++at) {
      EXPECT_THAT(Echo(ClientFrame(kText, text.substr(0, at), kMore) +
                       ClientFrame(kContinuation, text.substr(at))),
                  ElementsAre(StartsWith("close:1007:"), "over"))
          << testing::PrintToString(text) << " at " << at;
    }
    EXPECT_THAT(Echo(ClientFrame(kBinary, text)), ElementsAre(Text("binary:", text)));
  }
}

TEST(WebSocketSessionTest, RefusesWhatIsNotUtf8BeforeTheMessageEnds) {
  EXPECT_THAT(Echo(ClientFrame(kText, "a\xF4\x90", {.says = 100})),
              ElementsAre(StartsWith("close:1007:"), "over"));
}

TEST(WebSocketSessionTest, SaysGoodbyeAsTheClientDid) {
  EXPECT_THAT(Echo(CloseFrame(1000, "bye")), ElementsAre("close:1000:", "over"));
  EXPECT_THAT(Echo(ClientFrame(kClose, "")), ElementsAre("close:", "over"));
  EXPECT_THAT(Echo(CloseFrame(1000) + TextFrame("late") + ClientFrame(kPing, "")),
              ElementsAre("close:1000:", "over"));
  EXPECT_THAT(Echo(ClientFrame(kText, "a", kMore) + CloseFrame(1001)),
              ElementsAre("close:1001:", "over"));
}

TEST(WebSocketSessionTest, TakesOnlyCodesThatMayBeSaid) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3999, 4000, 4999}) {
    EXPECT_THAT(Echo(CloseFrame(static_cast<uint16_t>(code))),
                ElementsAre(Text("close:", code, ":"), "over"));
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_THAT(Echo(CloseFrame(static_cast<uint16_t>(code), "x")),
                ElementsAre(Text("close:1002:nobody may close with code ", code), "over"));
  }
}

TEST(WebSocketSessionTest, TakesOnlyGoodbyesThatAreWhole) {
  EXPECT_THAT(Echo(ClientFrame(kClose, "\x03")), ElementsAre(StartsWith("close:1002:"), "over"));
  EXPECT_THAT(Echo(CloseFrame(1000, std::string(123, 'x'))), ElementsAre("close:1000:", "over"));
  EXPECT_THAT(Echo(CloseFrame(1000, std::string(124, 'x'))),
              ElementsAre(StartsWith("close:1002:"), "over"));
  EXPECT_THAT(Echo(CloseFrame(1000, "\xCE")), ElementsAre(StartsWith("close:1007:"), "over"));
}

TEST(WebSocketSessionTest, TellsWhatTheClientSaid) {
  WebSocketSession session(kSmall);
  session.Feed(CloseFrame(4001, "done"));
  ASSERT_TRUE(session.received());
  EXPECT_EQ(session.received()->code, 4001);
  EXPECT_EQ(session.received()->reason, "done");
  EXPECT_FALSE(session.over());  // not written yet
}

TEST(WebSocketSessionTest, HoldsOneMessageUntilItIsTaken) {
  WebSocketSession session(kSmall);
  std::string_view offered;
  std::string many;
  for (int i = 0; i < 3000; ++i) many += TextFrame(Text(i));
  offered = many;
  offered.remove_prefix(session.Feed(offered));
  EXPECT_TRUE(session.has_message());
  EXPECT_FALSE(session.wants_input());
  EXPECT_GT(offered.size(), many.size() - 5000);
  EXPECT_EQ(session.Feed(offered), 0u);
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(session.has_message());
    EXPECT_EQ(session.TakeMessage().data, Text(i));
    offered.remove_prefix(session.Feed(offered));
  }
  EXPECT_FALSE(session.has_message());
  EXPECT_TRUE(offered.empty());
}

TEST(WebSocketSessionTest, WritesNoMoreThanTheSinkTakes) {
  WebSocketSession session(kSmall);
  StringSink sink;
  sink.room = 1;
  session.Queue({true, std::string(200, 'x')});
  EXPECT_FALSE(session.can_queue());
  EXPECT_FALSE(session.Write(sink));
  session.Feed(ClientFrame(kPing, "now"));
  session.Close(1000, "bye");
  session.Close(4000, "ignored");
  while (!session.Write(sink)) sink.room = 1;
  EXPECT_THAT(
      ShownFrames(sink.written),
      ElementsAre(StartsWith("text+:"), "pong:now", StartsWith("continuation+:"),
                  StartsWith("continuation+:"), StartsWith("continuation:"), "close:1000:bye"));
  EXPECT_FALSE(session.has_output());
  EXPECT_FALSE(session.over());  // the client has not said goodbye
  EXPECT_EQ(session.Feed(TextFrame("late") + CloseFrame(1000)), TextFrame("late").size() + 8);
  EXPECT_FALSE(session.has_message());
  EXPECT_TRUE(session.over());
}

TEST(WebSocketSessionTest, CutsAReasonAtACharacter) {
  WebSocketSession session(kSmall);
  StringSink sink;
  std::string reason;
  for (int i = 0; i < 50; ++i) reason += "\xE1\xBD\xB9";
  session.Close(4400, reason);
  EXPECT_TRUE(session.Write(sink));
  EXPECT_THAT(ShownFrames(sink.written), ElementsAre(Text("close:4400:", reason.substr(0, 123))));
  EXPECT_EQ(Utf8Prefix("a\xCE\xBA", 2), "a");
  EXPECT_EQ(Utf8Prefix("abc", 3), "abc");
  EXPECT_EQ(Utf8Prefix("\xCE\xBA", 0), "");
}

TEST(WebSocketSessionTest, SaysNothingAfterAFailureButThat) {
  WebSocketSession session(kSmall);
  StringSink sink;
  sink.room = 0;
  session.Queue({true, std::string(200, 'x')});
  EXPECT_FALSE(session.Write(sink));
  session.Feed(ClientFrame(kPing, "a") + ClientFrame(kText, "\xFF"));
  EXPECT_TRUE(session.failed());
  EXPECT_EQ(session.goodbye()->code, 1007);
  EXPECT_EQ(session.Feed(std::string(100000, 'z')), 100000u);
  sink.room = 1000;
  EXPECT_TRUE(session.Write(sink));
  EXPECT_THAT(ShownFrames(sink.written),
              ElementsAre(StartsWith("text+:"), "close:1007:a text is not UTF-8"));
  EXPECT_TRUE(session.over());
}

}  // namespace
}  // namespace chains::gateway
