// Bodies that come in pieces: lines, messages with their lengths, elements of an array.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/body/delimited.h"
#include "gateway/body/elements.h"
#include "gateway/body/lines.h"
#include "tests/gateway/body/split.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(LineSplitterTest, SplitsAlikeWhereverThePiecesEnd) {
  const std::string text = "{\"a\": 1}\n\r\n  \n[2]\r\nlast";
  const auto expected = ElementsAre("line 1: {\"a\": 1}", "line 4: [2]", "line 5: last");
  EXPECT_THAT(Split(LineSplitter(100), {text}), expected);
  EXPECT_THAT(Split(LineSplitter(100), ByteByByte(text)), expected);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_THAT(Split(LineSplitter(100), {text.substr(0, cut), text.substr(cut)}), expected);
  }
  EXPECT_THAT(Split(LineSplitter(100), {}), IsEmpty());
  EXPECT_THAT(Split(LineSplitter(100), {"\n", "\n"}), IsEmpty());
}

TEST(LineSplitterTest, RefusesALineThatIsTooLongAndHoldsNoMoreThanItMust) {
  EXPECT_THAT(Split(LineSplitter(3), {"abc\nabcd\n"}),
              ElementsAre("line 1: abc", HasSubstr("line 2 of the body is longer than 3 bytes")));
  EXPECT_THAT(Split(LineSplitter(3), ByteByByte("abc\r\nab")),
              ElementsAre("line 1: abc", "line 2: ab"));
  EXPECT_THAT(Split(LineSplitter(3), {"a\nab", "cd"}),
              ElementsAre("line 1: a", HasSubstr("RESOURCE_EXHAUSTED: line 2")));
  LineSplitter lines(1 << 20);
  for (int i = 0; i < 100; ++i) {
    lines.Add(std::string(300'000, 'x') + "\n");
    EXPECT_TRUE((*lines.Next()).has_value());
    EXPECT_FALSE((*lines.Next()).has_value());
  }
  EXPECT_LE(lines.bytes_held(), 700'000);
  lines.Add("y");
  EXPECT_LE(lines.bytes_held(), 100);
}

TEST(DelimitedSplitterTest, SplitsAlikeWhereverThePiecesEnd) {
  const std::string large(300, 'x');
  const std::string bytes =
      DelimitedLength(3) + "abc" + DelimitedLength(0) + DelimitedLength(large.size()) + large;
  const auto expected = ElementsAre("message 1: abc", "message 2: ", "message 3: " + large);
  EXPECT_THAT(Split(DelimitedSplitter(300), {bytes}), expected);
  EXPECT_THAT(Split(DelimitedSplitter(300), ByteByByte(bytes)), expected);
  EXPECT_THAT(Split(DelimitedSplitter(300), {}), IsEmpty());
}

TEST(DelimitedSplitterTest, RefusesLengthsThatAreNone) {
  const struct {
    std::string bytes;
    const char* says;
  } kCases[] = {
      {std::string(10, '\x80'), "INVALID_ARGUMENT: message 1 of the body has no length"},
      {std::string(9, '\x80') + '\x02', "message 1 of the body has no length"},
      {std::string(9, '\xFF') + '\x01', "message 1 of the body has 18446744073709551615 bytes"},
      {"\x05", "the body ends in the middle of its message 1"},
      {"\x80", "the body ends in the middle of its message 1"},
      {"\x02", "the body ends in the middle of its message 1"},
      {"\x05"
       "abcd",
       "the body ends in the middle of its message 1"},
      {"\x06"
       "abcdef",
       "RESOURCE_EXHAUSTED: message 1 of the body has 6 bytes, more than 5"},
  };
  for (const auto& [bytes, says] : kCases) {
    EXPECT_THAT(Split(DelimitedSplitter(5), {bytes}), ElementsAre(HasSubstr(says)));
    EXPECT_THAT(Split(DelimitedSplitter(5), ByteByByte(bytes)), ElementsAre(HasSubstr(says)));
  }
}

TEST(DelimitedLengthTest, IsReadBackAsItWas) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{16384}}) {
    const std::string message(size, 'm');
    EXPECT_THAT(Split(DelimitedSplitter(20000), {DelimitedLength(size) + message}), SizeIs(1));
  }
}

std::vector<std::string> Elements(std::string_view json) {
  ElementSplitter elements(json);
  std::vector<std::string> parts;
  while (Note(elements, elements.Next(), parts)) {
  }
  return parts;
}

TEST(ElementSplitterTest, TakesAnArrayApart) {
  EXPECT_THAT(Elements(" [ {\"a\": [1, \"]\"]} ,\n 2 , \"x\"]\n"),
              ElementsAre("element 1: {\"a\": [1, \"]\"]}", "element 2: 2", "element 3: \"x\""));
  EXPECT_THAT(Elements("[]"), IsEmpty());
  EXPECT_TRUE(IsArray("\n [1]"));
  EXPECT_FALSE(IsArray("{\"a\": [1]}"));
  EXPECT_FALSE(IsArray(" "));
}

TEST(ElementSplitterTest, SaysWhereItIsNoArray) {
  EXPECT_THAT(Elements("[1, "), ElementsAre("element 1: 1", HasSubstr("1:5: a value")));
  EXPECT_THAT(Elements("[1]]"), ElementsAre("element 1: 1", HasSubstr("1:4: the text should end")));
  EXPECT_THAT(Elements("[1 2]"), ElementsAre("element 1: 1", HasSubstr("1:4: ',' or ']'")));
  EXPECT_THAT(Elements("{}"), ElementsAre(HasSubstr("1:1: ")));
}

}  // namespace
}  // namespace chains::gateway
