// Large bodies to methods that take a stream, through the whole gateway.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/body/encoding.h"
#include "tests/gateway/app/media_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A chainlet that counts what it gets, and takes it when the test lets it.
struct Ear {
  size_t messages = 0;
  size_t bytes = 0;
  size_t largest = 0;
  absl::Duration takes;  // for each message

  static Stream<Bytes> Hear(Ear& ear, Stream<Bytes> requests) {
    while (std::optional<Bytes> request = co_await requests.Next()) {
      ++ear.messages;
      ear.bytes += request->size();
      ear.largest = std::max(ear.largest, request->size());
      if (ear.takes > absl::ZeroDuration()) co_await Sleep(ear.takes);
    }
    co_yield Bytes(std::string_view("\x0a\x02ok"));
  }
};

std::string Chunked(std::string_view target, std::string_view type, std::string_view body,
                    std::string_view more = "") {
  std::string request = Text("POST ", target, " HTTP/1.1\r\nHost: a\r\nContent-Type: ", type,
                             "\r\n", more, "Transfer-Encoding: chunked\r\n\r\n");
  for (size_t at = 0; at < body.size(); at += 50000) {
    const std::string_view chunk = body.substr(at, 50000);
    request += Text(absl::Hex(chunk.size()), "\r\n", chunk, "\r\n");
  }
  return request + "0\r\n\r\n";
}

class ChunksTest : public MediaTest {
 protected:
  ChunksTest() : MediaTest(Limited()) {
    channel_.stream = [this](const chains::Method&, Stream<Bytes> requests) {
      return Ear::Hear(ear_, std::move(requests));
    };
  }
  static GatewayOptions Limited() {
    GatewayOptions options;
    options.max_body_bytes = 10 << 20;
    return options;
  }

  Ear ear_;
};

TEST_F(ChunksTest, HandsALargeBodyOnAsItComes) {
  const std::string body(3000000, 'x');
  for (const std::string& request : {PostOf("/listen?language=de", "audio/wav", body),
                                     Chunked("/listen?language=de", "audio/wav", body)}) {
    ear_ = Ear();
    EXPECT_THAT(Ask(request), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\n\"ok\"")));
    EXPECT_GE(ear_.bytes, body.size());
    EXPECT_GE(ear_.messages, 40u);
    EXPECT_LE(ear_.largest, (size_t{64} << 10) + 20);
  }
}

TEST_F(ChunksTest, HandsASmallBodyOn) {
  EXPECT_THAT(Ask(PostOf("/listen?language=de", "audio/wav", "RIFF")), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(ear_.messages, 1u);
}

TEST_F(ChunksTest, HandsAFileOfAFormOn) {
  const std::string form =
      Text("--b\r\nContent-Disposition: form-data; name=language\r\n\r\nde\r\n",
           "--b\r\nContent-Disposition: form-data; name=audio; filename=a.wav\r\n\r\n",
           std::string(1000000, 'x'), "\r\n--b--\r\n");
  EXPECT_THAT(Ask(Chunked("/listen", "multipart/form-data; boundary=b", form)),
              StartsWith("HTTP/1.1 200"));
  EXPECT_GE(ear_.bytes, 1000000u);
  EXPECT_GE(ear_.messages, 15u);
}

TEST_F(ChunksTest, UnpacksABodyOnTheWay) {
  const std::string body(5000000, 'x');
  for (const Encoding encoding : {Encoding::kGzip, Encoding::kZstd}) {
    ear_ = Ear();
    EXPECT_THAT(Ask(PostOf("/listen?language=de", "audio/wav", *Encode(body, encoding),
                           Text("Content-Encoding: ", NameOf(encoding), "\r\n"))),
                StartsWith("HTTP/1.1 200"));
    EXPECT_GE(ear_.bytes, body.size());
    EXPECT_LE(ear_.largest, (size_t{64} << 10) + 20);
  }
}

TEST_F(ChunksTest, RefusesWhatIsTooLargeInTheMiddle) {
  const std::string body(11 << 20, 'x');
  EXPECT_THAT(Ask(Chunked("/listen?language=de", "audio/wav", body)), StartsWith("HTTP/1.1 413"));
  EXPECT_LE(ear_.bytes, size_t{10} << 20);
  EXPECT_THAT(Ask(PostOf("/listen?language=de", "audio/wav", *Encode(body, Encoding::kGzip),
                         "Content-Encoding: gzip\r\n")),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(ChunksTest, RefusesWhatWillBeTooLargeAtOnce) {
  EXPECT_THAT(Ask("POST /listen?language=de HTTP/1.1\r\nHost: a\r\nContent-Type: audio/wav\r\n"
                  "Content-Length: 1000000000\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(channel_.streams, 0);
}

TEST_F(ChunksTest, AllowsWhatAMethodAllows) {
  ear_.takes = absl::Seconds(1);
  const auto client = Connect();
  EXPECT_EQ(Ask(*client, Text("POST /long?language=de HTTP/1.1\r\nHost: a\r\n",
                              "Content-Type: audio/wav\r\nContent-Length: 5000000000\r\n\r\n",
                              std::string(100000, 'x'))),
            "");
  EXPECT_EQ(channel_.streams, 1);
}

TEST_F(ChunksTest, ReadsNoFurtherThanAWindowAheadOfTheChainlet) {
  ear_.takes = absl::Hours(1);
  const auto client = Connect();
  const std::string head =
      "POST /long?language=de HTTP/1.1\r\nHost: a\r\nContent-Type: audio/wav\r\n"
      "Content-Length: 500000000\r\n\r\n";
  client->SendAll(head);
  const std::string piece(1 << 20, 'x');
  size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    sent += client->Send(piece);
    loop_.Settle();
  }
  // What is beyond 1 MiB lies in the system's buffers of the two sockets.
  EXPECT_LT(sent, size_t{20} << 20);
  EXPECT_EQ(ear_.messages, 1u);
}

TEST_F(ChunksTest, RefusesTypesThatAMethodDoesNotTake) {
  EXPECT_THAT(Ask(PostOf("/count", "audio/wav", "x")),
              AllOf(StartsWith("HTTP/1.1 415"), HasSubstr("count takes a body of")));
  EXPECT_THAT(Ask(PostOf("/listen", "audio/wav", "x", "Content-Encoding: br\r\n")),
              StartsWith("HTTP/1.1 415"));
  EXPECT_EQ(channel_.streams, 0);
}

}  // namespace
}  // namespace chains::gateway
