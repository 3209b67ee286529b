// Bytes: messages in wire format, whole or in pieces.
#include "chains/contract/bytes.h"

#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains {
namespace {

using google::protobuf::StringValue;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

StringValue Text(std::string text) {
  StringValue value;
  value.set_value(std::move(text));
  return value;
}
Bytes InPieces(const std::string& text, size_t size) {
  std::vector<grpc::Slice> slices;
  for (size_t i = 0; i < text.size(); i += size) slices.emplace_back(text.substr(i, size));
  Bytes bytes;
  grpc::ByteBuffer buffer(slices.data(), slices.size());
  bytes.buffer().Swap(&buffer);
  return bytes;
}

TEST(BytesTest, CarryAMessage) {
  const StringValue sent = Text(std::string(100'000, 'x'));
  absl::StatusOr<Bytes> bytes = Bytes::Serialize(sent);
  ASSERT_THAT(bytes, IsOk());
  EXPECT_EQ(bytes->size(), sent.ByteSizeLong());
  EXPECT_EQ(bytes->ToString(), sent.SerializeAsString());
  StringValue received;
  EXPECT_THAT(bytes->ParseInto(received), IsOk());
  EXPECT_EQ(received.value(), sent.value());
}

// What moves of Bytes rely on.
TEST(BytesTest, AnEmptyBufferOfGrpcIsANullPointer) {
  alignas(grpc::ByteBuffer) std::byte memory[sizeof(grpc::ByteBuffer)];
  std::memset(memory, 0xff, sizeof(memory));
  auto* const empty = new (memory) grpc::ByteBuffer();
  void* held = memory;
  ASSERT_EQ(sizeof(held), sizeof(memory));
  std::memcpy(&held, memory, sizeof(held));
  EXPECT_EQ(held, nullptr);
  empty->~ByteBuffer();
}

TEST(BytesTest, AreNothingOnceTheyWereMovedAway) {
  Bytes first("abc");
  Bytes second = std::move(first);
  EXPECT_EQ(first.size(), 0u);  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_EQ(second.ToString(), "abc");
  Bytes third("d");
  third = std::move(second);
  EXPECT_EQ(third.ToString(), "abc");
  Bytes& same = third;
  third = std::move(same);
  EXPECT_EQ(third.ToString(), "abc");
}

TEST(BytesTest, OfNothingAreAnEmptyMessage) {
  const Bytes none;
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(none.ToString(), "");
  StringValue received = Text("left over");
  EXPECT_THAT(none.ParseInto(received), IsOk());
  EXPECT_EQ(received.value(), "");
  EXPECT_THAT(Bytes(std::string_view()).ParseInto(received), IsOk());
  absl::StatusOr<Bytes> empty = Bytes::Serialize(StringValue());
  ASSERT_THAT(empty, IsOk());
  EXPECT_EQ(empty->size(), 0u);
  EXPECT_THAT(empty->ParseInto(received), IsOk());
}

TEST(BytesTest, InPiecesAreTheSameMessage) {
  const std::string wire = Text(std::string(10'000, 'y')).SerializeAsString();
  for (const size_t size : {1, 7, 4096}) {
    const Bytes bytes = InPieces(wire, size);
    EXPECT_EQ(bytes.size(), wire.size());
    EXPECT_EQ(bytes.ToString(), wire);
    StringValue received;
    EXPECT_THAT(bytes.ParseInto(received), IsOk());
    EXPECT_EQ(received.value(), std::string(10'000, 'y'));
    EXPECT_EQ(bytes.ToString(), wire) << "parsing must not consume them";
  }
}

TEST(BytesTest, ThatAreNoMessageAreAnInvalidArgument) {
  StringValue received;
  EXPECT_THAT(Bytes("\xff\xff\xff").ParseInto(received),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "these 3 bytes are not a google.protobuf.StringValue"));
  EXPECT_THAT(InPieces("\xff\xff\xff", 1).ParseInto(received),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("StringValue")));
  const std::string cut = Text("cut").SerializeAsString().substr(0, 3);
  EXPECT_THAT(Bytes(cut).ParseInto(received), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(BytesTest, MoveLeavesNothingBehind) {
  Bytes first("text");
  Bytes second(std::move(first));
  EXPECT_EQ(second.ToString(), "text");
  Bytes third;
  third = std::move(second);
  EXPECT_EQ(third.ToString(), "text");
  Bytes& alias = third;
  third = std::move(alias);
  EXPECT_EQ(third.ToString(), "text");
}

TEST(BytesTest, SharedOnesOutliveEachOther) {
  Bytes copy;
  {
    const Bytes original(std::string(1000, 'z'));
    copy = original.Share();
    EXPECT_EQ(original.ToString(), copy.ToString());
  }
  EXPECT_EQ(copy.ToString(), std::string(1000, 'z'));
  EXPECT_EQ(Bytes().Share().size(), 0u);
}

TEST(BytesTest, HoldAnyByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(Bytes(all).ToString(), all);
}

}  // namespace
}  // namespace chains
