#include "gateway/body/grpc_frames.h"

#include <string>
#include <zlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/body/grpc_text.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

std::string Framed(std::string_view message) {
  return GrpcPrefix(static_cast<uint32_t>(message.size())).append(message);
}

std::string Gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST(GrpcFramesTest, MessagesComeOutOfAnyPieces) {
  const std::string bytes = Framed("one") + Framed("") + Framed(std::string(10000, 'x'));
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{7}, bytes.size()}) {
    GrpcFrames frames(100000);
    std::vector<std::string> messages;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      frames.Feed(std::string_view(bytes).substr(at, piece));
      while (auto message = frames.Take()) messages.push_back(std::move(message->bytes));
    }
    EXPECT_THAT(messages, ::testing::ElementsAre("one", "", std::string(10000, 'x'))) << piece;
    EXPECT_EQ(frames.held(), 0);
  }
}

TEST(GrpcFramesTest, ALengthIsRefusedBeforeItsBytesCome) {
  GrpcFrames frames(1000);
  frames.Feed(GrpcPrefix(1001));
  EXPECT_FALSE(frames.Take());
  EXPECT_TRUE(absl::IsResourceExhausted(frames.problem()));
  EXPECT_THAT(std::string(frames.problem().message()), HasSubstr("1000"));
}

TEST(GrpcFramesTest, WhatIsNoFlagIsNoMessage) {
  GrpcFrames frames(1000);
  frames.Feed(std::string("\2\0\0\0\0", 5));
  EXPECT_FALSE(frames.Take());
  EXPECT_TRUE(absl::IsInternal(frames.problem()));
}

TEST(GrpcFramesTest, PackedMessagesAreUnpackedWithinTheirLimit) {
  const std::string text(1 << 20, 'x');
  EXPECT_EQ(*GunzipMessage(Gzip(text), 1 << 20), text);
  EXPECT_EQ(*GunzipMessage(Gzip(""), 0), "");
  EXPECT_TRUE(absl::IsResourceExhausted(GunzipMessage(Gzip(text), (1 << 20) - 1).status()));
  EXPECT_TRUE(absl::IsInternal(GunzipMessage("no gzip", 100).status()));
  EXPECT_TRUE(absl::IsInternal(GunzipMessage(Gzip(text).substr(0, 100), 1 << 20).status()));
  EXPECT_TRUE(absl::IsInternal(GunzipMessage(Gzip("a") + "more", 100).status()));
  EXPECT_TRUE(absl::IsInternal(GunzipMessage("", 100).status()));
}

TEST(GrpcTextTest, TimeoutsHaveDigitsAndAUnit) {
  EXPECT_EQ(ParseGrpcTimeout("5S"), absl::Seconds(5));
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), absl::Hours(99999999));
  EXPECT_EQ(ParseGrpcTimeout("100m"), absl::Milliseconds(100));
  EXPECT_EQ(ParseGrpcTimeout("0n"), absl::ZeroDuration());
  for (const char* bad : {"", "S", "5", "5s", "-1S", "1.5S", "999999999S", "5 S"}) {
    EXPECT_EQ(ParseGrpcTimeout(bad), std::nullopt) << bad;
  }
}

TEST(GrpcTextTest, MessagesArePrintable) {
  EXPECT_EQ(QuoteGrpcMessage("a 100%\n\xC3\xB6"), "a 100%25%0A%C3%B6");
}

TEST(GrpcTextTest, OnlyGrpcItselfIsGrpc) {
  for (const char* type : {"application/grpc", "Application/gRPC", "application/grpc+proto",
                           "application/grpc; charset=x"}) {
    EXPECT_TRUE(IsGrpcContentType(type)) << type;
  }
  for (const char* type : {"", "application/grpc-web", "application/grpcx", "application/json"}) {
    EXPECT_FALSE(IsGrpcContentType(type)) << type;
  }
}

}  // namespace
}  // namespace chains::gateway
