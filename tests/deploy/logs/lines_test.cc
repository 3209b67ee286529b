// FromOutput, ToJson, FromJson, SplitLines, LogFilter: pure.
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/log.h"
#include "chains/json/json_reader.h"
#include "deploy/logs/log_levels.h"
#include "deploy/logs/log_line.h"
#include "deploy/logs/split_lines.h"
#include "deploy/logs/subscription.h"

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

const absl::Time kRead = absl::FromUnixMillis(1'700'000'000'123);

TEST(LogLineTest, AnEventOfTheRuntimeKeepsItsFields) {
  const absl::Time then = absl::FromUnixMillis(1'600'000'000'456);
  const Context context(absl::InfiniteFuture(), "4bf92f3577b34da6a3ce929d0e0e4736",
                        {{"x-request-id", "r-17"}});
  std::string text =
      ::chains::internal::LogLine(then, context, Severity::kWarning, "no \"voice\"\n");
  text.pop_back();
  const v1::LogLine line = FromOutput(text, kRead);
  EXPECT_EQ(line.unix_ms(), 1'600'000'000'456);
  EXPECT_EQ(line.level(), "warning");
  EXPECT_EQ(line.message(), "no \"voice\"\n");
  EXPECT_EQ(line.request_id(), "r-17");
  EXPECT_EQ(line.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(LogLineTest, AnyOtherLineIsAMessageOfTheTimeOfReading) {
  for (const char* text :
       {"Loading model…", "{", "{}", R"({"a": 1})", R"({"message": 7})",
        R"({"message": "x"} and more)", R"(["message"])", R"("message")", R"({"message": "x")"}) {
    const v1::LogLine line = FromOutput(text, kRead);
    EXPECT_EQ(line.message(), text);
    EXPECT_EQ(line.unix_ms(), 1'700'000'000'123);
    EXPECT_EQ(line.level(), "");
  }
}

TEST(LogLineTest, TimesThatAreNoneOrOutOfAllReasonAreThoseOfReading) {
  for (const char* time : {"soon", "", "infinite-future", "infinite-past", "1969-01-01T00:00:00Z",
                           "292277022399-01-01T00:00:00Z", "2023-13-01T00:00:00Z"}) {
    const v1::LogLine line =
        FromOutput(std::string(R"({"message":"m","time":")") + time + "\"}", kRead);
    EXPECT_EQ(line.unix_ms(), 1'700'000'000'123) << time;
    EXPECT_EQ(line.message(), "m");
  }
}

TEST(LogLineTest, AProcessDoesNotSayWhoItIs) {
  const v1::LogLine line = FromOutput(
      R"({"message":"m","chain":"a","deployment":"b","chainlet":"c","replica":"d"})", kRead);
  EXPECT_EQ(line.chain() + line.deployment() + line.replica(), "");
  EXPECT_EQ(line.chainlet(), "c");  // which is checked
}

TEST(LogLineTest, WhatElseAnEventSaysAreItsFields) {
  const v1::LogLine line =
      FromOutput(R"({"message":"loaded","voices":3,"warm":true,"model":"a","none":null,"list":[1],)"
                 R"("fields":{"a":"b","deep":{"c":1}},"level":7,"trace_id":{}})",
                 kRead);
  EXPECT_EQ(line.message(), "loaded");
  EXPECT_EQ(line.level(), "");
  const std::map<std::string, std::string> fields(line.fields().begin(), line.fields().end());
  EXPECT_THAT(fields, ElementsAre(Pair("a", "b"), Pair("model", "a"), Pair("voices", "3"),
                                  Pair("warm", "true")));
  const std::string json = ToJson(line);
  EXPECT_THAT(json, EndsWith(R"(,"fields":{"a":"b","model":"a","voices":"3","warm":"true"}})"
                             "\n"));
  const v1::LogLine read = *FromJson(json);
  const std::map<std::string, std::string> back(read.fields().begin(), read.fields().end());
  EXPECT_EQ(back, fields);
}

TEST(LogLineTest, FieldsAreBounded) {
  std::string text = R"({"message":"m")";
  for (int i = 0; i < 100; ++i) {
    text += R"(,"f)" + std::to_string(i) + std::string(100, 'n') + R"(":")" +
            std::string(1000, 'v') + "\"";
  }
  const v1::LogLine line = FromOutput(text + "}", kRead);
  EXPECT_EQ(line.fields().size(), static_cast<size_t>(kMostFields));
  for (const auto& [name, value] : line.fields()) {
    EXPECT_LE(name.size(), 64u);
    EXPECT_EQ(value.size(), 512u);
  }
}

TEST(LogLineTest, BytesThatAreNotUtf8AreReplacedAndTheMessageStaysAMessage) {
  const v1::LogLine line = FromOutput("a\xff\xc3(\xe2\x82", kRead);
  EXPECT_EQ(line.message(), "a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(FromOutput("{\"message\":\"\xff\"}", kRead).message(),
            "{\"message\":\"\xEF\xBF\xBD\"}");
}

TEST(LogLineTest, ALongMessageIsCutBetweenCharactersAndSaysByHowMuch) {
  std::string text = "x";
  while (text.size() < 40'001) text += "ä";
  const std::string cut = FromOutput(text, kRead).message();
  EXPECT_THAT(cut, EndsWith("ä… (23618 bytes more)"));
  EXPECT_TRUE(json::IsUtf8(cut));
  EXPECT_EQ(FromOutput("{\"message\":\"" + text + "\"}", kRead).message(), cut);
}

TEST(LogLineTest, WhatTheRuntimeHasCutIsNotCutAgainNorIsWhatIsKept) {
  std::string text =
      ::chains::internal::LogLine(kRead, Context(), Severity::kInfo, std::string(50'000, 'x'));
  text.pop_back();
  const v1::LogLine line = FromOutput(text, kRead);
  EXPECT_THAT(line.message(), EndsWith("x… (33616 bytes more)"));
  const v1::LogLine invalid = FromOutput(std::string(100'000, '\xff'), kRead);
  for (const v1::LogLine& each : {line, invalid}) {
    const auto kept = FromJson(ToJson(each));
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(kept->message(), each.message());
  }
}

TEST(LogLineTest, AKeptLineComesBackWhole) {
  v1::LogLine line;
  line.set_unix_ms(1'700'000'000'007);
  line.set_chain("hello");
  line.set_deployment("hello-1");
  line.set_chainlet("hello.SayHello+hello.HelloAll");
  line.set_replica("SayHello-1");
  line.set_level("error");
  line.set_message(std::string("a\0b\x1b[31m\n\"", 10));
  line.set_request_id("r-1");
  line.set_trace_id("t-1");
  const std::string json = ToJson(line);
  EXPECT_THAT(json,
              StartsWith(R"({"time":"2023-11-14T22:13:20.007Z","level":"error","message":")"));
  EXPECT_EQ(json.find('\n'), json.size() - 1);
  const auto back = FromJson(json);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->SerializeAsString(), line.SerializeAsString());
}

TEST(LogLineTest, FieldsWithoutAValueAreLeftOut) {
  v1::LogLine line;
  line.set_unix_ms(1);
  EXPECT_EQ(ToJson(line), "{\"time\":\"1970-01-01T00:00:00.001Z\",\"message\":\"\"}\n");
}

class SplitLinesTest : public ::testing::Test {
 protected:
  size_t Split(std::string_view bytes) {
    lines_.clear();
    return SplitLines(bytes, split_, [this](std::string_view line) { lines_.emplace_back(line); });
  }
  LineSplit split_;
  std::vector<std::string> lines_;
};

TEST_F(SplitLinesTest, LinesEndWithANewlineAndTheRestIsLeft) {
  EXPECT_EQ(Split("one\ntwo\r\n\n\r\nthr"), 12u);
  EXPECT_THAT(lines_, ElementsAre("one", "two"));
  EXPECT_EQ(Split("thr"), 0u);
  EXPECT_EQ(Split("three\n"), 6u);
  EXPECT_THAT(lines_, ElementsAre("three"));
}

TEST_F(SplitLinesTest, ALineThatDoesNotEndIsCutAndItsRestLeftOutUpToItsEnd) {
  const std::string endless(kMostLineBytes + 5, 'x');
  EXPECT_EQ(Split(endless), endless.size());
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_EQ(lines_[0].size(), kMostLineBytes);
  EXPECT_EQ(Split(endless), endless.size());
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_EQ(Split("xx\nnext\n"), 8u);
  EXPECT_THAT(lines_, ElementsAre("next"));
}

TEST_F(SplitLinesTest, ALineOfTheMostBytesIsWhole) {
  const std::string most(kMostLineBytes, 'x');
  EXPECT_EQ(Split(most), 0u);
  EXPECT_EQ(Split(most + "\n"), most.size() + 1);
  EXPECT_THAT(lines_, ElementsAre(most));
}

TEST(LogFilterTest, AChainletIsMeantWithOrWithoutItsPackageAloneOrWithOthers) {
  v1::LogLine line;
  line.set_chainlet("hello.SayHello+hello.HelloAll");
  const auto passes = [&line](const char* chainlet) {
    return LogFilter{.chainlet = chainlet}.Passes(line);
  };
  EXPECT_TRUE(passes("") && passes("SayHello") && passes("hello.SayHello") && passes("HelloAll"));
  EXPECT_FALSE(passes("Hello") || passes("hello") || passes("SayHello+hello.HelloAll"));
}

TEST(LogFilterTest, ALevelMeansItAndThoseAbove) {
  v1::LogLine line;
  const auto passes = [&line](const char* level, const char* least) {
    line.set_level(level);
    return LogFilter{.level = least}.Passes(line);
  };
  EXPECT_TRUE(passes("warning", "info") && passes("info", "info") && passes("error", "warning"));
  EXPECT_FALSE(passes("debug", "info") || passes("info", "warning") || passes("warning", "error"));
  // Plain output counts as info.
  EXPECT_TRUE(passes("", "info") && passes("", "debug"));
  EXPECT_FALSE(passes("", "warning"));
  for (const char* level : {"debug", "info", "warning", "error"}) {
    EXPECT_TRUE(CheckLogLevel(level).ok());
  }
  for (const char* level : {"", "Info", "fatal"}) EXPECT_FALSE(CheckLogLevel(level).ok()) << level;
}
TEST(LogFilterTest, TextIsLookedForInMessagesAndFieldsAndTheTraceExactly) {
  v1::LogLine line;
  line.set_message("Loaded 3 Voices");
  line.set_trace_id("4bf9");
  (*line.mutable_fields())["model"] = "Tiny";
  EXPECT_TRUE((LogFilter{.trace_id = "4bf9", .text = "voices"}.Passes(line)));
  EXPECT_TRUE((LogFilter{.text = "tiny"}.Passes(line)));
  EXPECT_FALSE((LogFilter{.text = "model"}.Passes(line)));
  EXPECT_FALSE((LogFilter{.trace_id = "4bf"}.Passes(line)));
}
TEST(LogFilterTest, ReplicaAndRequestAreMeantExactly) {
  v1::LogLine line;
  line.set_replica("SayHello-1");
  line.set_request_id("r-1");
  EXPECT_TRUE((LogFilter{.replica = "SayHello-1", .request_id = "r-1"}.Passes(line)));
  EXPECT_FALSE((LogFilter{.replica = "SayHello-2"}.Passes(line)));
  EXPECT_FALSE((LogFilter{.request_id = "r-2"}.Passes(line)));
}

}  // namespace
}  // namespace chains::deploy
