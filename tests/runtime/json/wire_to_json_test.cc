#include "chains/json/wire_to_json.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "chains/json/wire.h"
#include "tests/runtime/json/everything.h"

namespace chains::json {
namespace {

using ::testing::HasSubstr;

template <typename Message>
std::string Written(std::string_view method, const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return ToJson(method, message);
}
std::string Raw(std::string_view method, std::string_view wire) {
  const auto json = EverythingTranscoder().ReplyToJson(*EverythingTranscoder().Find(method), wire);
  return json.ok() ? *json : json.status().ToString();
}

TEST(WireToJson, WritesABareResult) {
  EXPECT_EQ(Written<everything::Bare>("get_http_status", "result: \"Hello, \\\"Ada\\\"\""),
            R"("Hello, \"Ada\"")");
  EXPECT_EQ(Written<everything::Bare>("get_http_status", ""), "\"\"");
  EXPECT_EQ(Written<everything::TensorOf>("shape", ""), "null");
}

TEST(WireToJson, WritesDefaultsAndLeavesOutWhatIsAbsent) {
  EXPECT_EQ(Written<everything::Greeting>("greet", ""),
            R"({"text":"","names":[],"color":"COLOR_UNSPECIFIED","total":"0"})");
  EXPECT_EQ(
      Written<everything::Greeting>("greet", "count: 0 first {} color: COLOR_NEGATIVE total: -5"),
      R"({"text":"","names":[],"count":0,"first":{"name":"","age":0,"friends_by_name":{}},)"
      R"("color":"COLOR_NEGATIVE","total":"-5"})");
}

TEST(WireToJson, WritesUnknownEnumValuesAsNumbers) {
  everything::Greeting greeting;
  greeting.set_color(static_cast<everything::Color>(77));
  EXPECT_THAT(ToJson("greet", greeting), HasSubstr("\"color\":77"));
}

TEST(WireToJson, TakesTheLastOfASingleFieldAndMergesMessages) {
  EXPECT_EQ(Raw("greet", std::string("\x0A\x01x\x0A\x01y\x22\x03\x0A\x01n\x22\x02\x10\x07")),
            R"({"text":"y","names":[],"first":{"name":"n","age":7,"friends_by_name":{}},)"
            R"("color":"COLOR_UNSPECIFIED","total":"0"})");
}

// Each piece of a message must be one: the first here would take from the second what it lacks.
TEST(WireToJson, RefusesABrokenPieceOfAMessage) {
  EXPECT_THAT(Raw("greet", std::string("\x22\x02\x0A\x01\x22\x02\x0A\x00", 8)),
              HasSubstr("not a everything.Person"));
}

TEST(WireToJson, RefusesAnAnyWithoutAType) {
  everything::All all;
  all.mutable_any()->set_value("x");
  EXPECT_THAT(ToJson("run_remote", all), HasSubstr("has no type"));
}

TEST(WireToJson, TakesListsInPiecesAndBothWaysPacked) {
  everything::All all;
  all.add_numbers(1);
  all.add_unpacked(2);
  std::string wire = all.SerializeAsString();
  all.Clear();
  all.add_numbers(-1);
  wire += all.SerializeAsString() + std::string("\xB0\x01\x05");  // 22: 5, not packed
  wire += std::string("\xC2\x01\x04\x09\x00\x00\x00", 7);         // 24: [9], packed
  EXPECT_THAT(Raw("run_remote", wire), HasSubstr("\"numbers\":[1,-1,5]"));
  EXPECT_THAT(Raw("run_remote", wire), HasSubstr("\"unpacked\":[2,9]"));
}

TEST(WireToJson, TakesTheLastMemberOfAOneof) {
  const Transcoder& transcoder = EverythingTranscoder();
  const MessageSchema& choice = *transcoder.Find("get_http_status")->request;
  const auto json = WireToJson(transcoder.schema(), choice,
                               std::string("\x0A\x01x\x10\x07\x1A\x00\x10\x08", 9), 1000);
  EXPECT_EQ(*json, R"({"number":8})");
}

TEST(WireToJson, WritesEachKeyOfAMapOnce) {
  const std::string wire("\xFA\x01\x05\x0A\x01k\x10\x01\xFA\x01\x05\x0A\x01k\x10\x02\xFA\x01\x00",
                         19);
  EXPECT_THAT(Raw("run_remote", wire), HasSubstr(R"("counts":{"k":2,"":0})"));
}

TEST(WireToJson, WritesTensors) {
  EXPECT_EQ(
      Written<everything::TensorOf>(
          "shape", "result { dtype: DTYPE_FLOAT32 shape: [1, 2] data: \"\\000\\000\\200?\" }"),
      R"({"dtype":"float32","shape":[1,2],"data_b64":"AACAPw=="})");
}

TEST(WireToJson, WritesTheFormsOfProtobufsOwnTypes) {
  const std::string json = Written<everything::All>(
      "run_remote",
      "time { seconds: 1 } span { nanos: 5000000 } mask { paths: \"a_b\" } wrapped_int64 { value: "
      "7 } "
      "value { list_value { values { null_value: NULL_VALUE } values { number_value: 1.5 } } } "
      "any { [type.googleapis.com/google.protobuf.Duration] { seconds: 1 } }");
  EXPECT_THAT(json, HasSubstr(R"("time":"1970-01-01T00:00:01Z","span":"0.005s","mask":"aB")"));
  EXPECT_THAT(json, HasSubstr(R"("value":[null,1.5])"));
  EXPECT_THAT(
      json,
      HasSubstr(R"("any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"})"));
  EXPECT_THAT(json, HasSubstr(R"("wrapped_int64":"7")"));
}

TEST(WireToJson, TellsAReplyThatIsNone) {
  EXPECT_EQ(Raw("greet", "\x0A\x7F"), "INTERNAL: not a everything.Greeting");
  EXPECT_THAT(Raw("greet", "\x0A\x01\xFF"), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(Raw("get_http_status", "\x0A"), HasSubstr("INTERNAL"));
  EXPECT_THAT(Raw("run_remote", "\xCA\x02\x0A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"),
              HasSubstr("INTERNAL"));
}

TEST(WireToJson, BoundsDepthAndSize) {
  std::string wire;
  for (int i = 0; i < 1000; ++i) {
    WireWriter writer;
    writer.Tag(17, WireType::kBytes);
    writer.Bytes(wire);
    wire = std::move(writer).Take();
  }
  EXPECT_THAT(Raw("run_remote", wire), HasSubstr("nested too deeply"));

  const Transcoder& transcoder = EverythingTranscoder();
  std::string many;
  for (int i = 0; i < 1000; ++i) many += std::string("\x0A\x00", 2);
  EXPECT_EQ(WireToJson(transcoder.schema(), *transcoder.Find("greet")->request, many, 1000)
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace chains::json
