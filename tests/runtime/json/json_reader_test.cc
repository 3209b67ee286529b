#include "chains/json/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::json {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Problem(std::string_view json) {
  JsonReader reader(json);
  reader.Skip();
  reader.Finish();
  return std::string(MessageOf(reader.status()));
}

std::string StringIn(std::string_view json) {
  JsonReader reader(json);
  std::string_view text;
  if (!reader.ReadString(text)) return std::string(MessageOf(reader.status()));
  return std::string(text);
}

TEST(JsonReader, TakesWhatRfc8259Takes) {
  for (const char* json : {"null", "true", "false", "0", "-0", "10", "-1.5e+10", "1E5", "\"\"",
                           "[]", "{}", " [ 1 , [ ] ] ", "{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
                           "\"\\u0000\"", "\t\r\n 1\n", "{\"a\":1,\"a\":2}"}) {
    EXPECT_EQ(Problem(json), "") << json;
  }
}

TEST(JsonReader, RefusesWhatRfc8259Refuses) {
  for (const char* json : {"",          " ",           "nul",
                           "True",      "01",          "-",
                           "+1",        ".5",          "1.",
                           "1e",        "1e+",         "0x10",
                           "NaN",       "Infinity",    "'a'",
                           "\"",        "\"\\",        "\"\\x\"",
                           "\"\\u12\"", "\"\\u12G4\"", "\"a\nb\"",
                           "[",         "[1",          "[1,",
                           "[1,]",      "[,1]",        "[1 2]",
                           "{",         "{a:1}",       "{\"a\"}",
                           "{\"a\":}",  "{\"a\":1,}",  "{\"a\":1 \"b\":2}",
                           "{,}",       "1 2",         "[]]",
                           "/* */1",    "{\"a\":1}}",  "nullnull",
                           "[1,,2]"}) {
    EXPECT_NE(Problem(json), "") << json;
  }
}

TEST(JsonReader, TellsLineAndColumnInCharacters) {
  EXPECT_EQ(Problem("{\"a\": 1,\n  \"b\": oops}"), "2:8: a value is expected, found 'o'");
  EXPECT_THAT(Problem("[\"äöü\", x]"), StartsWith("1:9: "));
  EXPECT_EQ(Problem("[1"), "1:3: ',' or ']' is expected, the text ends");
  EXPECT_EQ(Problem("[\x01]"), "1:2: a value is expected, found byte 0x01");
}

TEST(JsonReader, ReadsEscapesAndSurrogates) {
  EXPECT_EQ(StringIn(R"("plain")"), "plain");
  EXPECT_EQ(StringIn(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(StringIn(R"("a\u00e4\u20ac\ud83d\ude00z")"), "aä€😀z");
  EXPECT_EQ(StringIn(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_THAT(StringIn(R"("\ud83d")"), HasSubstr("surrogate"));
  EXPECT_THAT(StringIn(R"("\ude00")"), HasSubstr("surrogate"));
  EXPECT_THAT(StringIn(R"("\ud83dx")"), HasSubstr("surrogate"));
  EXPECT_THAT(StringIn(R"("\ud83d\u0041")"), HasSubstr("surrogate"));
}

TEST(JsonReader, RefusesWhatIsNotUtf8) {
  for (const char* bytes :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82"}) {
    EXPECT_THAT(StringIn(Text("\"", bytes, "\"")), HasSubstr("UTF-8"));
    EXPECT_FALSE(IsUtf8(bytes));
  }
  EXPECT_TRUE(IsUtf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
}

TEST(JsonReader, BoundsTheDepth) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(Problem(nested(JsonReader::kMaxDepth)), "");
  EXPECT_THAT(Problem(nested(JsonReader::kMaxDepth + 1)), HasSubstr("nested deeper than 100"));
  EXPECT_THAT(Problem(std::string(1000000, '[')), HasSubstr("nested deeper than 100"));
}

TEST(JsonReader, KeepsTheFirstFailure) {
  JsonReader reader("[oops, 1");
  reader.Skip();
  const absl::Status first = reader.status();
  EXPECT_FALSE(reader.Skip());
  EXPECT_FALSE(reader.BeginObject());
  EXPECT_EQ(reader.Peek(), JsonReader::Kind::kNothing);
  EXPECT_EQ(reader.status(), first);
}

}  // namespace
}  // namespace chains::json
