// Content-Encoding both ways, through the whole gateway.
#include "gateway/app/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/body/encoding.h"
#include "tests/gateway/app/media_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr Encoding kBoth[] = {Encoding::kGzip, Encoding::kZstd};
constexpr uint64_t kNoLimit = 100 << 20;

class PackingTest : public MediaTest {
 protected:
  explicit PackingTest(GatewayOptions options = {}) : MediaTest(std::move(options)) {}

  // Replies with a text of so many bytes, and their JSON is two bytes longer.
  void ReplyWith(size_t bytes) {
    const std::string text(bytes, 'a');
    reply_ = Text("\x0a", "");
    for (size_t size = bytes;; size >>= 7) {
      reply_ += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
      if (size <= 0x7f) break;
    }
    reply_ += text;
  }
  std::string AskWith(std::string_view more) {
    return Ask(PostOf("/say", "application/json", R"({"text": "x"})", more));
  }
};

TEST_F(PackingTest, UnpacksRequests) {
  for (const Encoding encoding : kBoth) {
    const std::string body = *Encode(R"({"text": "hello"})", encoding);
    EXPECT_THAT(Ask(PostOf("/say", "application/json", body,
                           Text("Content-Encoding: ", NameOf(encoding), "\r\n"))),
                StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(last_request_, "\x0a\x05hello");
  }
  EXPECT_EQ(gateway_options().unpacked->held(), 0u);
}

TEST_F(PackingTest, UnpacksRawBodiesAndProtobuf) {
  const std::string packed = *Encode("RIFF", Encoding::kGzip);
  EXPECT_THAT(Ask(PostOf("/hear?language=", "audio/wav", packed, "Content-Encoding: gzip\r\n")),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(last_request_, HasSubstr("\x0a\x04RIFF"));
  EXPECT_THAT(Ask(PostOf("/say", "application/x-protobuf", *Encode("\x0a\x01x", Encoding::kZstd),
                         "Content-Encoding: zstd\r\n")),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("application/x-protobuf")));
  EXPECT_EQ(last_request_, "\x0a\x01x");
}

TEST_F(PackingTest, RefusesOtherEncodingsAndWhatIsNone) {
  const std::string body = R"({"text": "x"})";
  EXPECT_THAT(Ask(PostOf("/say", "application/json", body, "Content-Encoding: br\r\n")),
              AllOf(StartsWith("HTTP/1.1 415"), HasSubstr("gzip or zstd here, not br")));
  EXPECT_THAT(Ask(PostOf("/say", "application/json", body, "Content-Encoding: gzip\r\n")),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("not gzip throughout")));
}

TEST_F(PackingTest, PacksRepliesAsTheClientLikes) {
  ReplyWith(5000);
  const std::string plain = BodyOf(AskWith(""));
  ASSERT_EQ(plain.size(), 5002u);
  for (const Encoding encoding : kBoth) {
    const std::string answer = AskWith(Text("Accept-Encoding: br, ", NameOf(encoding), "\r\n"));
    EXPECT_THAT(answer, HasSubstr(Text("Content-Encoding: ", NameOf(encoding), "\r\n")));
    EXPECT_THAT(answer, HasSubstr("Vary: Accept-Encoding\r\n"));
    EXPECT_EQ(*Decode(BodyOf(answer), encoding, kNoLimit), plain);
  }
}

TEST_F(PackingTest, LeavesRepliesAloneThatAreSmallOrNotAskedForPacked) {
  ReplyWith(5000);
  EXPECT_THAT(AskWith(""), Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(AskWith("Accept-Encoding: gzip;q=0\r\n"), Not(HasSubstr("Content-Encoding")));
  ReplyWith(1000);
  EXPECT_THAT(AskWith("Accept-Encoding: gzip\r\n"), Not(HasSubstr("Content-Encoding")));
}

TEST_F(PackingTest, PacksLargeRepliesOffTheLoop) {
  ReplyWith(3 << 20);
  const std::string answer = AskWith("Accept-Encoding: zstd\r\n");
  EXPECT_EQ(Decode(BodyOf(answer), Encoding::kZstd, kNoLimit)->size(), (size_t{3} << 20) + 2);
}

TEST_F(PackingTest, RefusesABombAsTooLarge) {
  for (const Encoding encoding : kBoth) {
    const std::string bomb = *Encode(std::string(101 << 20, ' '), encoding);
    ASSERT_LT(bomb.size(), size_t{200} << 10);
    const std::string answer = Ask(PostOf("/say", "application/json", bomb,
                                          Text("Content-Encoding: ", NameOf(encoding), "\r\n")));
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("when unpacked")));
  }
  EXPECT_EQ(gateway_options().unpacked->held(), 0u);
  EXPECT_EQ(channel_.unary.calls, 0);
}

TEST_F(PackingTest, KeepsToTheLimitOfAMethod) {
  const std::string over(100001, 'x');
  EXPECT_THAT(Ask(PostOf("/small?language=", "audio/wav", over)), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask(PostOf("/small?language=", "audio/wav", *Encode(over, Encoding::kGzip),
                         "Content-Encoding: gzip\r\n")),
              StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(channel_.unary.calls, 0);
  EXPECT_THAT(Ask(PostOf("/small?language=", "audio/wav", over.substr(1))),
              StartsWith("HTTP/1.1 200"));
}

class CrowdedPackingTest : public PackingTest {
 protected:
  CrowdedPackingTest() : PackingTest(Few()) {}
  static GatewayOptions Few() {
    GatewayOptions options;
    options.unpacked = std::make_shared<ByteBudget>(size_t{1} << 20);
    return options;
  }
};

TEST_F(CrowdedPackingTest, BoundsWhatIsUnpackedOfAllRequestsTogether) {
  const std::string packed =
      *Encode(Text(R"({"text": ")", std::string(600000, 'x'), "\"}"), Encoding::kGzip);
  const std::string request =
      PostOf("/say", "application/json", packed, "Content-Encoding: gzip\r\n");
  channel_.unary.takes = absl::Seconds(10);
  const auto first = Connect();
  EXPECT_EQ(Ask(*first, request), "");
  EXPECT_THAT(Ask(request), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("too many large")));
  loop_.Advance(absl::Seconds(11));
  EXPECT_THAT(first->Receive(), StartsWith("HTTP/1.1 200"));
  const auto third = Connect();
  EXPECT_EQ(Ask(*third, request), "");
  third->Leave();
  loop_.Settle();
  EXPECT_EQ(gateway_options().unpacked->held(), 0u);
}

}  // namespace
}  // namespace chains::gateway
