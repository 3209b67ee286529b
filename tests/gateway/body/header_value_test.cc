#include "gateway/body/header_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::gateway {
namespace {

std::string Parameter(std::string_view text, std::string_view name) {
  const absl::StatusOr<HeaderValue> value = ParseHeaderValue(text);
  if (!value.ok()) return "bad";
  const std::string* const found = value->Find(name);
  return found == nullptr ? "none" : *found;
}

TEST(HeaderValue, HasAValueAndParameters) {
  const auto value = ParseHeaderValue("Text/HTML ; Charset=utf-8;  boundary=\"a b;c\" ; ");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->value, "text/html");
  EXPECT_EQ(*value->Find("charset"), "utf-8");
  EXPECT_EQ(*value->Find("boundary"), "a b;c");
  EXPECT_EQ(value->Find("more"), nullptr);
}

TEST(HeaderValue, ReadsQuotesAsBrowsersWriteThem) {
  EXPECT_EQ(Parameter(R"(x; f="a \"b\".wav")", "f"), R"(a "b".wav)");
  EXPECT_EQ(Parameter(R"(x; f="C:\tmp\a.wav")", "f"), R"(C:\tmp\a.wav)");
  EXPECT_EQ(Parameter(R"(x; f="")", "f"), "");
}

TEST(HeaderValue, PrefersTheExtendedForm) {
  EXPECT_EQ(Parameter("x; f=plain; f*=UTF-8'en'%C3%A4%20b", "f"), "\xC3\xA4 b");
  EXPECT_EQ(Parameter("x; f*=utf-8''a; f=plain", "f"), "a");
}

TEST(HeaderValue, RefusesWhatIsNone) {
  for (const char* text : {"", ";", "x y", "x; f", "x; =a", "x; f=", "x; f=\"a", "x; f=\"a\" b",
                           "x; f=a; f=b", "x; f*=a", "x; f*=latin-1''a", "x; f*=utf-8''%4",
                           "x; f*=utf-8''%ff", "x; f=\"a\nb\"", "x; f=a; F=b"}) {
    EXPECT_FALSE(ParseHeaderValue(text).ok()) << text;
  }
}

}  // namespace
}  // namespace chains::gateway
