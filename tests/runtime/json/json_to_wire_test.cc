#include "chains/json/json_to_wire.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tests/runtime/json/everything.h"

namespace chains::json {
namespace {

using ::testing::HasSubstr;

// The request as protobuf's text, on one line; or what was wrong with it.
template <typename Message>
std::string Read(std::string_view method, std::string_view json) {
  const auto wire = ToWire(method, json);
  if (!wire.ok()) return std::string(MessageOf(wire.status()));
  Message message;
  if (!message.ParseFromString(*wire)) return "not a message";
  return message.ShortDebugString();
}
std::string All(std::string_view json) { return Read<everything::All>("run_remote", json); }

TEST(JsonToWire, TakesBothSpellingsOfAName) {
  EXPECT_EQ(All(R"({"a_string": "x", "anInt32": 3})"), "an_int32: 3 a_string: \"x\"");
}

TEST(JsonToWire, IgnoresUnknownKeysAtEveryLevel) {
  EXPECT_EQ(All(R"({"x": {"y": [1e999, {}]}, "nested": {"z": null, "a_bool": true}})"),
            "nested { a_bool: true }");
}

TEST(JsonToWire, TakesNumbersInStringsAndWholeFractions) {
  EXPECT_EQ(All(R"({"an_int32": "30"})"), "an_int32: 30");
  EXPECT_EQ(All(R"({"an_int32": 3e1})"), "an_int32: 30");
  EXPECT_EQ(All(R"({"a_uint64": "18446744073709551615"})"), "a_uint64: 18446744073709551615");
  EXPECT_EQ(All(R"({"a_double": "1.5", "a_float": "-Infinity"})"), "a_double: 1.5 a_float: -inf");
  EXPECT_EQ(All(R"({"a_bool": "true"})"), "a_bool: true");
}

TEST(JsonToWire, NamesThePathAndThePlaceOfAWrongType) {
  EXPECT_EQ(All(R"({"an_int32": 30.5})"),
            "1:14: an_int32: an integer of 32 bits is expected, not 30.5");
  EXPECT_EQ(
      Read<everything::People>("greet", "{\"people\": [{\"name\": \"A\"},\n {\"age\": [1]}]}"),
      "2:10: people[1].age: an integer of 32 bits is expected, not a list");
  EXPECT_EQ(All(R"({"by_flag": {"true": {"strings": ["a", 7]}}})"),
            "1:40: by_flag[\"true\"].strings[1]: a string is expected, not 7");
  EXPECT_EQ(All(R"({"names": {"x": "y"}})"),
            "1:12: names[\"x\"]: an integer of 32 bits is expected, not \"x\"");
  EXPECT_EQ(All(R"({"by_flag": {"1": {}}})"),
            "1:14: by_flag[\"1\"]: the key must be true or false");
  EXPECT_EQ(All(R"({"a_string": {"a": 1}})"),
            "1:14: a_string: a string is expected, not an object");
  EXPECT_EQ(All(R"({"color": "BLUE"})"),
            "1:11: color: a name of everything.Color is expected, not \"BLUE\"");
}

TEST(JsonToWire, RefusesWhatDoesNotFit) {
  for (const char* json :
       {R"({"an_int32": 2147483648})",
        R"({"an_int32": "x"})",
        R"({"an_int32": true})",
        R"({"an_int32": ""})",
        R"({"a_uint32": -1})",
        R"({"a_uint64": 18446744073709551616})",
        R"({"an_int64": 9223372036854775808})",
        R"({"a_float": 1e39})",
        R"({"a_double": 1e400})",
        R"({"a_double": "x"})",
        R"({"a_bool": 1})",
        R"({"a_bool": "yes"})",
        R"({"a_string": 1})",
        R"({"some_bytes": "*"})",
        R"({"some_bytes": 1})",
        R"({"color": 1.5})",
        R"({"color": true})",
        R"({"nested": 1})",
        R"({"nested": []})",
        R"({"numbers": 1})",
        R"({"numbers": [null]})",
        R"({"strings": [null]})",
        R"({"children": [null]})",
        R"({"counts": []})",
        R"({"counts": {"a": null}})",
        R"({"names": {"x": "y"}})",
        R"({"names": {"1.5": "y"}})",
        R"({"by_flag": {"yes": {}}})",
        R"({"weights": {"-1": 1}})",
        R"({"time": 1})",
        R"({"time": "noon"})",
        R"({"span": "1"})",
        R"({"mask": "a_b"})",
        R"({"object": []})",
        R"({"list": {}})",
        R"({"any": {"a": 1}})",
        R"({"any": {"@type": "type.googleapis.com/no.Such"}})",
        R"({"any": {"@type": "everything.Person"}})",
        R"({"any": {"@type": 1}})",
        R"({"any": {"@type": "x/everything.Person", "@type": {}}})",
        R"({"any": {"@type": "x/everything.Person", "@type": "x/everything.All"}})",
        R"({"any": {"@type": "x/google.protobuf.Duration", "value": "1s", "value": "2s"}})",
        R"({"wrapped_int64": "x"})",
        R"([])",
        R"("x")",
        R"(null)",
        R"(1)",
        R"({"a_bool": true} x)",
        "{\"a_string\": \"\xFF\"}",
        "{\"x\": \"\xFF\"}"}) {
    const auto wire = ToWire("run_remote", json);
    EXPECT_EQ(wire.status().code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(std::string(MessageOf(wire.status())), HasSubstr("1:")) << json;
  }
}

TEST(JsonToWire, RefusesAFieldGivenTwice) {
  EXPECT_THAT(All(R"({"a_bool": true, "aBool": false})"), HasSubstr("a_bool: given twice"));
  EXPECT_THAT(ProblemOf("get_http_status", R"({"text": "x", "number": 1})"),
              HasSubstr("number: excludes text, which is given too"));
  EXPECT_EQ(Read<everything::Choice>("get_http_status", R"({"text": null, "number": 1})"),
            "number: 1");
}

TEST(JsonToWire, ListsEverythingThatIsMissing) {
  EXPECT_EQ(
      ProblemOf("count", "{}"),
      "missing: name, maxWords, tags, labels, extra, person, source (one of text, audio_data)");
  EXPECT_EQ(ProblemOf("count", ""), ProblemOf("count", "{}"));
  EXPECT_EQ(
      ProblemOf("count", R"({"name": "", "max_words": 1, "maxWords": 0, "tags": null, "labels": {},
                                   "extra": null, "person": {}, "audioData": ""})"),
      "missing: tags");
  EXPECT_EQ(ProblemOf("count", R"({"name": "a", "maxWords": 0, "tags": [], "labels": {}, "extra": 1,
                                   "person": {}, "text": ""})"),
            "");
}

TEST(JsonToWire, DemandsNothingBelowTheTop) {
  EXPECT_EQ(Read<everything::People>("greet", R"({"people": [{}]})"), "people { }");
}

TEST(JsonToWire, KnowsTheFormsOfProtobufsOwnTypes) {
  EXPECT_EQ(All(R"({"time": "2026-01-01T00:00:00.5Z", "span": "-1.5s", "mask": "aB,c.dE"})"),
            "time { seconds: 1767225600 nanos: 500000000 } span { seconds: -1 nanos: -500000000 } "
            "mask { paths: \"a_b\" paths: \"c.d_e\" }");
  EXPECT_EQ(All(R"({"object": {"a": [1, null, {"b": true}]}})"),
            "object { fields { key: \"a\" value { list_value { values { number_value: 1 } values { "
            "null_value: "
            "NULL_VALUE } values { struct_value { fields { key: \"b\" value { bool_value: true } } "
            "} } } } } }");
  EXPECT_EQ(All(R"({"value": null, "null": null, "wrapped_int64": "7", "wrapped_string": null})"),
            "value { null_value: NULL_VALUE } wrapped_int64 { value: 7 } null: NULL_VALUE");
  EXPECT_EQ(All(R"({"values": [null, "x"]})"),
            "values { null_value: NULL_VALUE } values { string_value: \"x\" }");
  EXPECT_EQ(Read<google::protobuf::Struct>("free", R"({"a": 1})"),
            "fields { key: \"a\" value { number_value: 1 } }");
}

TEST(JsonToWire, FindsTheTypeOfAnAnyWhereverItStands) {
  const std::string person =
      All(R"({"any": {"name": "Ada", "@type": "type.googleapis.com/everything.Person"}})");
  EXPECT_THAT(person, HasSubstr("[type.googleapis.com/everything.Person] { name: \"Ada\" }"));
  const std::string time =
      All(R"({"any": {"value": "1s", "@type": "type.googleapis.com/google.protobuf.Duration"}})");
  EXPECT_THAT(time, HasSubstr("[type.googleapis.com/google.protobuf.Duration] { seconds: 1 }"));
}

TEST(JsonToWire, ReadsTensors) {
  EXPECT_EQ(
      Read<everything::TensorOf>(
          "shape", R"({"result": {"data_b64": "AACAPw==", "shape": [1], "dtype": "float32"}})"),
      "result { dtype: DTYPE_FLOAT32 shape: 1 data: \"\\000\\000\\200?\" }");
}

TEST(JsonToWire, BoundsTheDepthOfMessages) {
  const auto nested = [](int depth) {
    std::string json;
    for (int i = 0; i < depth; ++i) json += "{\"nested\":";
    return json + "{}" + std::string(depth, '}');
  };
  EXPECT_NE(All(nested(99)), "not a message");
  EXPECT_THAT(All(nested(1000)), HasSubstr("nested deeper"));
  // Each level of a Struct is three messages.
  std::string list;
  for (int i = 0; i < 60; ++i) list += "[";
  EXPECT_THAT(All("{\"value\":" + list + std::string(60, ']') + "}"), HasSubstr("nested deeper"));
  std::string any;
  for (int i = 0; i < 20; ++i) any += R"({"@type":"x/google.protobuf.Any","value":)";
  EXPECT_THAT(All("{\"any\":" + any + "{}" + std::string(20, '}') + "}"), HasSubstr("Any in Any"));
}

TEST(JsonToWire, BoundsTheSize) {
  const Transcoder& transcoder = EverythingTranscoder();
  const MessageSchema& type = *transcoder.Find("run_remote")->request;
  std::string json = "{\"doubles\": [0";
  for (int i = 0; i < 1000; ++i) json += ",0";
  json += "]}";
  EXPECT_TRUE(JsonToWire(transcoder.schema(), type, json, 9000).ok());
  EXPECT_EQ(JsonToWire(transcoder.schema(), type, json, 1000).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace chains::json
