// Numbers, times and names, as JSON writes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/json/json_numbers.h"
#include "chains/json/json_writer.h"
#include "chains/json/transcoder.h"
#include "chains/json/well_known.h"

namespace chains::json {
namespace {

TEST(Numbers, IntegersMayBeWrittenAsWholeFractions) {
  EXPECT_EQ(ToInt64("30"), 30);
  EXPECT_EQ(ToInt64("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(ToInt64("3e1"), 30);
  EXPECT_EQ(ToInt64("30.0"), 30);
  EXPECT_EQ(ToInt64("-1.5E1"), -15);
  EXPECT_EQ(ToUint64("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ToUint64("1e19"), 10000000000000000000u);
  for (const char* text : {"", " 1", "1 ", "30.5", "9223372036854775808", "1e19", "1e999", "abc",
                           "0x1", "1e-1", "nan", "inf"}) {
    EXPECT_EQ(ToInt64(text), std::nullopt) << text;
  }
  EXPECT_EQ(ToUint64("-1"), std::nullopt);
  EXPECT_EQ(ToUint64("1e20"), std::nullopt);
}

TEST(Numbers, FloatingOnesEndAtTheLargest) {
  EXPECT_EQ(ToDouble("1.5"), 1.5);
  EXPECT_EQ(ToDouble("1e-400"), 0);
  EXPECT_EQ(ToDouble("1e400"), std::nullopt);
  EXPECT_EQ(ToDouble("inf"), std::nullopt);
  EXPECT_EQ(ToDouble("1x"), std::nullopt);
}

TEST(WellKnown, TimesAreReadAtAnyOffset) {
  const auto time = ParseTimestamp("2026-11-23T22:50:22.5+01:30");
  ASSERT_TRUE(time);
  EXPECT_EQ(FormatTimestamp(*time), "2026-11-23T21:20:22.500Z");
  EXPECT_EQ(FormatTimestamp({.seconds = -62135596800, .nanos = 0}), "0001-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp({.seconds = 253402300799, .nanos = 999999999}),
            "9999-12-31T23:59:59.999999999Z");
  EXPECT_EQ(FormatTimestamp({.seconds = 253402300800, .nanos = 0}), std::nullopt);
  EXPECT_EQ(FormatTimestamp({.seconds = 0, .nanos = -1}), std::nullopt);
  const auto before = ParseTimestamp("1969-12-31T23:59:59.25Z");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->seconds, -1);
  EXPECT_EQ(before->nanos, 250000000);
  for (const char* text :
       {"", "now", "2026-11-23", "infinite-future", "2026-11-23T22:50:22", "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T23:59:60Z",
        "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00Z",
        "2026-1-1T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00z"}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << text;
  }
}

TEST(WellKnown, DurationsKeepTheirSign) {
  const auto half = ParseDuration("-0.5s");
  ASSERT_TRUE(half);
  EXPECT_EQ(half->seconds, 0);
  EXPECT_EQ(half->nanos, -500000000);
  EXPECT_EQ(FormatDuration(*half), "-0.500s");
  EXPECT_EQ(FormatDuration({.seconds = 3, .nanos = 1000}), "3.000001s");
  EXPECT_EQ(FormatDuration({.seconds = 3, .nanos = -1}), std::nullopt);
  for (const char* text : {"", "s", "1", "1.s", ".5s", "1.0000000001s", "--1s", "315576000001s",
                           "1e3s", "99999999999999999999s"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(WellKnown, FieldNamesGoThereAndBack) {
  EXPECT_EQ(SnakeFromCamel("userName.displayName"), "user_name.display_name");
  EXPECT_EQ(CamelFromSnake("user_name.display_name"), "userName.displayName");
  EXPECT_EQ(SnakeFromCamel("a1B.c2"), "a1_b.c2");
  for (const char* camel : {"user_name", "UserName", "user.Name", "1a", "a.", "a(b", "a b", "ä"}) {
    EXPECT_EQ(SnakeFromCamel(camel), std::nullopt) << camel;
  }
  for (const char* snake : {"user__name", "userName", "_a", "a_", "a._b", "a_1", "1a", "a-b"}) {
    EXPECT_EQ(CamelFromSnake(snake), std::nullopt) << snake;
  }
}

TEST(SnakeCase, SplitsWordsAndAbbreviations) {
  EXPECT_EQ(SnakeCase("RunRemote"), "run_remote");
  EXPECT_EQ(SnakeCase("GetHTTPStatus"), "get_http_status");
  EXPECT_EQ(SnakeCase("Generate"), "generate");
  EXPECT_EQ(SnakeCase("already_snake"), "already_snake");
  EXPECT_EQ(SnakeCase("V2Run"), "v2_run");
}

TEST(JsonWriter, EscapesWhatJsonDemandsAndNothingElse) {
  JsonWriter json;
  json.BeginArray()
      .String("\"\\\n\r\t\b\f\x01\x1f/ä😀")
      .Double(0.1)
      .Float(0.1f)
      .Double(1e300)
      .Integer(-1);
  json.BeginObject().Key("k\"").Null().Key("b").Bool(true).End().End();
  EXPECT_EQ(std::move(json).Take(),
            "[\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f/"
            "ä😀\",0.1,0.1,1e+300,-1,{\"k\\\"\":null,\"b\":true}]");
}

TEST(JsonWriter, MarksWhatIsNotUtf8) {
  JsonWriter json;
  json.String("a\xFFz");
  EXPECT_FALSE(json.valid());
  EXPECT_EQ(std::move(json).Take(), "\"a\xEF\xBF\xBDz\"");
}

}  // namespace
}  // namespace chains::json
