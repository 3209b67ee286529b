#include "gateway/body/encoding.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "gateway/body/decoder.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

constexpr Encoding kBoth[] = {Encoding::kGzip, Encoding::kZstd};
constexpr uint64_t kNoLimit = 100 << 20;

std::string Words(size_t bytes) {
  std::minstd_rand random(7);
  std::string text;
  while (text.size() < bytes) text += Text("word", random() % 5000, " ");
  return text.substr(0, bytes);
}

Stream<std::string> InPieces(std::string body, size_t size) {
  for (size_t at = 0; at < body.size(); at += size) co_yield body.substr(at, size);
}

struct Read {
  std::string all;
  size_t largest = 0;
  size_t pieces = 0;
};

Task<Read> ReadAll(Stream<std::string> pieces) {
  Read read;
  while (std::optional<std::string> piece = co_await pieces.Next()) {
    read.all += *piece;
    read.largest = std::max(read.largest, piece->size());
    ++read.pieces;
  }
  co_return read;
}

absl::StatusOr<Read> DecodedInPieces(const std::string& body, Encoding encoding, size_t size,
                                     uint64_t limit = kNoLimit) {
  WorkerPool workers;
  LocalLoop loop(workers);
  return Wait(ReadAll(Decoded(InPieces(body, size), encoding, limit)), loop);
}

// `bytes` zeros: about a thousandth of them.
std::string Bomb(size_t bytes, Encoding encoding) {
  return *Encode(std::string(bytes, '\0'), encoding);
}

TEST(Encoding, TakesWhatItMade) {
  for (const Encoding encoding : kBoth) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{4096}, size_t{70000}, size_t{1000000}}) {
      const std::string plain = Words(size);
      const std::string packed = *Encode(plain, encoding);
      EXPECT_EQ(*Decode(packed, encoding, kNoLimit), plain);
      EXPECT_LT(packed.size(), size < 4000 ? size + 40 : size / 2);
    }
  }
}

TEST(Encoding, TakesWhatOthersMade) {
  // printf hello | gzip -n; printf hello | zstd
  const std::string gzip(
      "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0", 25);
  const std::string zstd("\x28\xb5\x2f\xfd\x04\x58\x29\0\0\x68\x65\x6c\x6c\x6f\xa3\x6d\x9f\x88",
                         18);
  EXPECT_EQ(*Decode(gzip, Encoding::kGzip, 5), "hello");
  EXPECT_EQ(Decode(zstd, Encoding::kZstd, 5).value_or("nothing"), "hello");
}

TEST(Encoding, TakesSeveralMembersInARow) {
  for (const Encoding encoding : kBoth) {
    const std::string packed =
        *Encode("one", encoding) + *Encode("", encoding) + *Encode(Words(100000), encoding);
    EXPECT_EQ(*Decode(packed, encoding, kNoLimit), "one" + Words(100000));
    for (const size_t size : {size_t{1}, size_t{7}, packed.size()}) {
      EXPECT_EQ(DecodedInPieces(packed, encoding, size)->all, "one" + Words(100000));
    }
  }
}

TEST(Encoding, RefusesWhatFollowsTheLastMember) {
  for (const Encoding encoding : kBoth) {
    for (const std::string& garbage :
         {std::string("x"), std::string(8, '\0'), std::string("GET / ")}) {
      const std::string packed = *Encode("hello", encoding) + garbage;
      EXPECT_TRUE(absl::IsInvalidArgument(Decode(packed, encoding, kNoLimit).status())) << garbage;
      EXPECT_TRUE(absl::IsInvalidArgument(DecodedInPieces(packed, encoding, 1).status()));
    }
  }
}

// Format 0.6, which a libzstd that is built for old formats would take, differently in pieces.
TEST(Encoding, RefusesFormatsFromBeforeZstdsFirstRelease) {
  const std::string old("\x26\xb5\x2f\xfd\x04\xff\x54\x00", 8);
  const std::string today = *Encode("hello", Encoding::kZstd);
  for (const std::string& packed : {old, today + old}) {
    const absl::Status status = Decode(packed, Encoding::kZstd, kNoLimit).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    for (const size_t size : {size_t{1}, size_t{3}, packed.size()}) {
      EXPECT_TRUE(absl::IsInvalidArgument(DecodedInPieces(packed, Encoding::kZstd, size).status()));
    }
  }
}

// RFC 8878: a frame that says nothing but that it may be skipped.
TEST(Encoding, SkipsSkippableFrames) {
  const std::string skipped("\x5a\x2a\x4d\x18\x03\0\0\0abc", 11);
  const std::string packed = skipped + *Encode("hello", Encoding::kZstd) + skipped;
  EXPECT_EQ(*Decode(packed, Encoding::kZstd, kNoLimit), "hello");
  for (const size_t size : {size_t{1}, size_t{5}}) {
    EXPECT_EQ(DecodedInPieces(packed, Encoding::kZstd, size)->all, "hello");
  }
}

TEST(Encoding, RefusesWhatIsCutOff) {
  for (const Encoding encoding : kBoth) {
    const std::string packed = *Encode(Words(3000), encoding);
    for (size_t size = 0; size < packed.size(); size += size < 40 ? 1 : 97) {
      const absl::Status status = Decode(packed.substr(0, size), encoding, kNoLimit).status();
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << size;
      EXPECT_THAT(std::string(status.message()), HasSubstr("in the middle"));
    }
    EXPECT_TRUE(absl::IsInvalidArgument(
        DecodedInPieces(packed.substr(0, packed.size() - 1), encoding, 100).status()));
  }
}

TEST(Encoding, RefusesABitThatIsWrong) {
  for (const Encoding encoding : kBoth) {
    std::string packed = *Encode(Words(3000), encoding);
    packed[packed.size() / 2] ^= 4;
    EXPECT_FALSE(Decode(packed, encoding, kNoLimit).ok());
  }
}

TEST(Encoding, RefusesTheOtherEncoding) {
  EXPECT_FALSE(Decode(*Encode("hello", Encoding::kZstd), Encoding::kGzip, kNoLimit).ok());
  EXPECT_FALSE(Decode(*Encode("hello", Encoding::kGzip), Encoding::kZstd, kNoLimit).ok());
}

TEST(Encoding, StopsABombAtTheLimit) {
  for (const Encoding encoding : kBoth) {
    const std::string bomb = Bomb(64 << 20, encoding);
    EXPECT_LT(bomb.size(), size_t{100} << 10);
    const absl::Status whole = Decode(bomb, encoding, 1 << 20).status();
    EXPECT_TRUE(absl::IsResourceExhausted(whole));
    EXPECT_THAT(std::string(whole.message()), HasSubstr("1048576 bytes when unpacked"));
    EXPECT_TRUE(
        absl::IsResourceExhausted(DecodedInPieces(bomb, encoding, bomb.size(), 1 << 20).status()));
  }
}

TEST(Encoding, TakesWhatIsExactlyAtTheLimit) {
  for (const Encoding encoding : kBoth) {
    for (const size_t size : {size_t{65536}, size_t{131072}, size_t{100000}}) {
      const std::string packed = Bomb(size, encoding);
      EXPECT_EQ(Decode(packed, encoding, size)->size(), size);
      EXPECT_EQ(DecodedInPieces(packed, encoding, 10, size)->all.size(), size);
      EXPECT_FALSE(Decode(packed, encoding, size - 1).ok());
      EXPECT_FALSE(DecodedInPieces(packed, encoding, 10, size - 1).ok());
    }
  }
  EXPECT_FALSE(Decode("hello", Encoding::kIdentity, 4).ok());
  EXPECT_FALSE(DecodedInPieces("hello", Encoding::kIdentity, 2, 4).ok());
  EXPECT_EQ(DecodedInPieces("hello", Encoding::kIdentity, 2, 5)->all, "hello");
}

TEST(Encoding, HoldsOneWindowOfAStream) {
  for (const Encoding encoding : kBoth) {
    const auto read = DecodedInPieces(Bomb(32 << 20, encoding), encoding, 1 << 20);
    EXPECT_EQ(read->all.size(), size_t{32} << 20);
    EXPECT_EQ(read->largest, kDecodedWindow);
  }
}

// RFC 9659: no more than 8 MiB of window, whatever a frame says.
TEST(Encoding, RefusesAZstdFrameWithAnEnormousWindow) {
  const std::string frame("\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00", 9);  // a window of 128 MiB
  EXPECT_THAT(std::string(Decode(frame, Encoding::kZstd, kNoLimit).status().message()),
              HasSubstr("too much memory"));
}

TEST(Encoding, LetsOthersRunBetweenTwoWindows) {
  WorkerPool workers;
  LocalLoop loop(workers);
  int turns = 0;
  bool done = false;
  const auto count = [](int& turns, const bool& done) -> Task<void> {
    while (!done) {
      ++turns;
      co_await Sleep(absl::Nanoseconds(1));
    }
  };
  internal::Root<void> other(loop, Context(), count(turns, done), [](auto) {});
  other.Start();
  const std::string bomb = Bomb(16 << 20, Encoding::kGzip);
  ASSERT_TRUE(
      Wait(ReadAll(Decoded(InPieces(bomb, bomb.size()), Encoding::kGzip, kNoLimit)), loop).ok());
  done = true;
  EXPECT_GT(turns, 100);
}

TEST(Encoding, FlushesEachPieceOfAStream) {
  WorkerPool workers;
  LocalLoop loop(workers);
  for (const Encoding encoding : kBoth) {
    const auto decoder = Decoder::Of(encoding);
    const auto check = [](Decoder& decoder, Encoding encoding) -> Task<void> {
      Stream<std::string> packed = Encoded(InPieces("onetwosix", 3), encoding);
      for (const char* wanted : {"one", "two", "six"}) {
        const std::optional<std::string> piece = co_await packed.Next();
        std::string_view in = *piece;
        std::string plain;
        co_await decoder.Step(in, plain, 100);
        EXPECT_EQ(plain, wanted);
      }
      EXPECT_FALSE(decoder.whole());
      const std::optional<std::string> end = co_await packed.Next();
      std::string_view in = *end;
      std::string plain;
      co_await decoder.Step(in, plain, 100);
      EXPECT_EQ(plain, "");
      EXPECT_TRUE(decoder.whole());
      const std::optional<std::string> more = co_await packed.Next();
      EXPECT_FALSE(more.has_value());
    };
    EXPECT_TRUE(Wait(check(*decoder, encoding), loop).ok());
  }
}

TEST(Encoding, PassesTheFailureOfAStreamOn) {
  const auto failing = []() -> Stream<std::string> {
    co_yield std::string("x");
    co_await absl::AbortedError("broken");
  };
  WorkerPool workers;
  LocalLoop loop(workers);
  EXPECT_TRUE(absl::IsAborted(Wait(ReadAll(Encoded(failing(), Encoding::kGzip)), loop).status()));
  EXPECT_FALSE(Wait(ReadAll(Decoded(failing(), Encoding::kGzip, 9)), loop).ok());
}

TEST(Encoding, KnowsTheHeader) {
  EXPECT_EQ(*EncodingOf(std::nullopt), Encoding::kIdentity);
  EXPECT_EQ(*EncodingOf("identity"), Encoding::kIdentity);
  EXPECT_EQ(*EncodingOf(" GZip "), Encoding::kGzip);
  EXPECT_EQ(*EncodingOf("x-gzip"), Encoding::kGzip);
  EXPECT_EQ(*EncodingOf("zstd"), Encoding::kZstd);
  for (const char* other : {"br", "deflate", "gzip, gzip", "compress"}) {
    EXPECT_TRUE(absl::IsUnimplemented(EncodingOf(other).status())) << other;
  }
}

TEST(Encoding, IsWhatTheClientLikesBest) {
  const struct {
    const char* accepts;
    Encoding chosen;
  } kCases[] = {
      {"", Encoding::kIdentity},
      {"gzip", Encoding::kGzip},
      {"gzip, deflate, br, zstd", Encoding::kZstd},
      {"gzip, deflate, br", Encoding::kGzip},
      {"GZIP;q=1.0, zstd;q=0.9", Encoding::kGzip},
      {"gzip;q=0.5, zstd;q=0.9", Encoding::kZstd},
      {"gzip;q=0, zstd;q=0", Encoding::kIdentity},
      {"gzip;q=0", Encoding::kIdentity},
      {"*", Encoding::kZstd},
      {"*;q=0", Encoding::kIdentity},
      {"zstd;q=0, *", Encoding::kGzip},
      {"identity;q=1, gzip;q=0.5", Encoding::kIdentity},
      {"identity;q=0.5, gzip;q=1.0", Encoding::kGzip},
      {"identity, gzip", Encoding::kGzip},
      {"br;q=1.0", Encoding::kIdentity},
      {"gzip;q=nan", Encoding::kIdentity},
      {"gzip;q=7", Encoding::kIdentity},
      {"gzip ; q = 0.4 , ,;;", Encoding::kGzip},
      {",,,;q=1", Encoding::kIdentity},
  };
  for (const auto& [accepts, chosen] : kCases) {
    EXPECT_EQ(ChosenEncoding(accepts), chosen) << accepts;
  }
}

}  // namespace
}  // namespace chains::gateway
