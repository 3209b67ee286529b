#include "chains/json/wire.h"

#include <gtest/gtest.h>

namespace chains::json {
namespace {

TEST(WireWriter, PutsLongLengthsInFrontOfWhatTheyMeasure) {
  const std::string text(1000, 'x');
  WireWriter writer;
  writer.Tag(1, WireType::kBytes);
  const auto outer = writer.Open();
  for (int i = 0; i < 20; ++i) {
    writer.Tag(2, WireType::kBytes);
    const auto inner = writer.Open();
    writer.Tag(3, WireType::kBytes);
    writer.Bytes(text);
    writer.Close(inner);
    writer.Tag(4, WireType::kBytes);
    writer.Close(writer.Open());
  }
  writer.Close(outer);
  const size_t size = writer.size();
  const std::string wire = std::move(writer).Take();
  EXPECT_EQ(wire.size(), size);

  WireReader reader(wire);
  WireReader::Field whole;
  ASSERT_TRUE(reader.Next(whole));
  EXPECT_EQ(reader.offset(), wire.size());
  WireReader parts(whole.bytes);
  int texts = 0;
  for (WireReader::Field part; parts.Next(part);) {
    EXPECT_TRUE(part.number != 4 || part.bytes.empty());
    if (part.number != 2) continue;
    WireReader inside(part.bytes);
    WireReader::Field found;
    ASSERT_TRUE(inside.Next(found));
    EXPECT_EQ(found.bytes, text);
    ++texts;
  }
  EXPECT_TRUE(parts.ok());
  EXPECT_EQ(texts, 20);
}

TEST(WireReader, RefusesWhatIsNoMessage) {
  for (const std::string_view wire :
       {std::string_view("\x08"), std::string_view("\x08\xFF"), std::string_view("\x0A\x05oops"),
        std::string_view("\x00\x00", 2), std::string_view("\x0E\x00", 2), std::string_view("\x0C"),
        std::string_view("\x0B\x08\x01"), std::string_view("\x0B\x14"),
        std::string_view("\x0D\x01\x02"),
        std::string_view("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
        std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F\x00", 10)}) {
    WireReader reader(wire);
    for (WireReader::Field field; reader.Next(field);) {
    }
    EXPECT_FALSE(reader.ok());
  }
}

TEST(WireReader, SkipsGroupsWhole) {
  WireReader reader("\x0B\x13\x10\x01\x14\x0C\x18\x07");  // group 1 { group 2 { 2: 1 } } 3: 7
  WireReader::Field field;
  ASSERT_TRUE(reader.Next(field));
  EXPECT_EQ(field.type, WireType::kGroup);
  ASSERT_TRUE(reader.Next(field));
  EXPECT_EQ(field.number, 3u);
  EXPECT_EQ(field.value, 7u);
}

TEST(WireReader, SurvivesManyOpenGroups) {
  const std::string wire(1000000, '\x0B');
  WireReader reader(wire);
  WireReader::Field field;
  EXPECT_FALSE(reader.Next(field));
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace chains::json
