// The path of a failure: hop by hop, cut in its middle, and over the wire.
#include "chains/contract/status_path.h"

#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "chains/v1/error.pb.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Hop To(const std::string& chainlet, int attempt = 0, const std::string& replica = "") {
  return {.chainlet = chainlet, .method = "RunRemote", .replica = replica, .attempt = attempt};
}
absl::Status Deep(int hops) {
  absl::Status status = absl::NotFoundError("root");
  for (int i = hops; i > 0; --i) status = WithHop(status, To("hop" + std::to_string(i)));
  return status;
}

TEST(StatusPathTest, IsEmptyForAFailureThatCrossedNoEdge) {
  EXPECT_THAT(PathOf(absl::NotFoundError("x")), IsEmpty());
  EXPECT_THAT(PathOf(absl::OkStatus()), IsEmpty());
  EXPECT_EQ(PathText(absl::NotFoundError("x")), "");
  EXPECT_EQ(EncodeDetails(absl::NotFoundError("x")), "");
}

TEST(StatusPathTest, GrowsOutwardsAndKeepsCodeMessageAndPayloads) {
  absl::Status status = absl::NotFoundError("no such name");
  status.SetPayload("type/mine", absl::Cord("1"));
  status = WithHop(status, To("hello.SayHello", 3, "say-0"));
  status = WithHop(status, To("hello.HelloAll"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no such name");
  EXPECT_EQ(status.GetPayload("type/mine"), absl::Cord("1"));
  EXPECT_THAT(PathOf(status), ElementsAre(To("hello.HelloAll"), To("hello.SayHello", 3, "say-0")));
  EXPECT_EQ(PathText(status),
            "hello.HelloAll.RunRemote > hello.SayHello.RunRemote (replica say-0, attempt 3)");
}

TEST(StatusPathTest, CanBeReplaced) {
  const absl::Status status = WithPath(Deep(3), {To("other")});
  EXPECT_THAT(PathOf(status), ElementsAre(To("other")));
}

TEST(StatusPathTest, IsCutInTheMiddleNeverAtItsEnds) {
  const std::vector<Hop> path = PathOf(Deep(100));
  ASSERT_EQ(path.size(), 17u);  // 16 and the mark
  EXPECT_EQ(path.front(), To("hop1"));
  EXPECT_EQ(path[7], To("hop8"));
  EXPECT_EQ(path[8].chainlet, "… 84 left out …");
  EXPECT_EQ(path.back(), To("hop100"));
  EXPECT_THAT(PathText(Deep(100)), HasSubstr("hop8.RunRemote > … 84 left out … > hop93.RunRemote"));
}

TEST(StatusPathTest, CutsNamesThatAreTooLong) {
  const std::vector<Hop> path =
      PathOf(WithHop(absl::NotFoundError(""), To(std::string(5000, 'n'))));
  EXPECT_EQ(path[0].chainlet, std::string(128, 'n'));
}

TEST(StatusDetailsTest, TravelWithPathAndPayloads) {
  absl::Status sent = Deep(3);
  sent.SetPayload("type.googleapis.com/mine", absl::Cord(std::string("\0\xff", 2)));
  const absl::Status received = DecodeDetails(absl::NotFoundError("root"), EncodeDetails(sent));
  EXPECT_EQ(received, sent);
}

TEST(StatusDetailsTest, StayBelowFourKibibytes) {
  absl::Status status = absl::NotFoundError("root");
  for (int i = 100; i > 0; --i) {
    status = WithHop(status, {.chainlet = std::string(128, 'c') + std::to_string(i),
                              .method = std::string(128, 'm'),
                              .replica = std::string(128, 'r'),
                              .attempt = i});
  }
  status.SetPayload("type/large", absl::Cord(std::string(5000, 'x')));
  status.SetPayload("type/small", absl::Cord("small"));
  const std::string encoded = EncodeDetails(status);
  EXPECT_LE(encoded.size(), 4096u);
  const absl::Status received = DecodeDetails(absl::NotFoundError("root"), encoded);
  const std::vector<Hop> path = PathOf(received);
  ASSERT_GE(path.size(), 3u);
  EXPECT_EQ(path.front().attempt, 1);
  EXPECT_EQ(path.back().attempt, 100);  // the root is never cut
  EXPECT_EQ(received.GetPayload("type/small"), absl::Cord("small"));
  EXPECT_EQ(received.GetPayload("type/large"), absl::nullopt);
}

TEST(StatusDetailsTest, OfGarbageAreLeftOut) {
  const absl::Status status = absl::NotFoundError("root");
  EXPECT_EQ(DecodeDetails(status, "\xff\xff\xff"), status);
  EXPECT_EQ(DecodeDetails(status, ""), status);
  EXPECT_EQ(DecodeDetails(absl::OkStatus(), EncodeDetails(Deep(2))), absl::OkStatus());
}

TEST(StatusDetailsTest, OfManyKindsOfGarbageDoNoHarm) {
  google::protobuf::LogSilencer quiet;  // it says what is no UTF-8
  constexpr unsigned kSeed = 20260118;
  std::mt19937 random(kSeed);
  const std::string good = EncodeDetails(Deep(5));
  for (int round = 0; round < 2000; ++round) {
    std::string bad = good.substr(0, random() % (good.size() + 1));
    for (int flips = 0; flips < 3 && !bad.empty(); ++flips) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    const absl::Status received = DecodeDetails(absl::NotFoundError("root"), bad);
    EXPECT_EQ(received.code(), absl::StatusCode::kNotFound) << "seed " << kSeed;
    PathText(received);
    EXPECT_LE(EncodeDetails(received).size(), 4096u) << "seed " << kSeed << " round " << round;
  }
}

TEST(StatusPathTest, OfAnotherSenderIsKeptWithinOurBounds) {
  v1::ErrorPath sent;
  sent.set_hops_left_out(std::numeric_limits<int>::max());
  for (int i = 0; i < 100; ++i) {
    sent.add_hops()->set_chainlet(std::string(5000, 'c'));
    sent.mutable_hops(i)
        ->GetReflection()
        ->MutableUnknownFields(sent.mutable_hops(i))
        ->AddVarint(99, 1);
  }
  absl::Status status = absl::NotFoundError("root");
  status.SetPayload("type.googleapis.com/chains.v1.ErrorPath",
                    absl::Cord(sent.SerializeAsString()));
  EXPECT_EQ(PathOf(status).size(), 17u);
  EXPECT_LE(EncodeDetails(status).size(), 4096u);
  EXPECT_THAT(PathText(WithHop(status, To("a"))), HasSubstr("… 1000000 left out …"));
  sent.set_hops_left_out(-7);
  status.SetPayload("type.googleapis.com/chains.v1.ErrorPath",
                    absl::Cord(sent.SerializeAsString()));
  EXPECT_THAT(PathText(status), HasSubstr("… 84 left out …"));
}

TEST(StatusPathTest, CutsNamesBetweenCharacters) {
  std::string name(127, 'n');
  const absl::Status status = WithHop(absl::NotFoundError(""), To(name + "ä" + "rest"));
  EXPECT_EQ(PathOf(status)[0].chainlet, name);
  EXPECT_EQ(PathOf(DecodeDetails(absl::NotFoundError(""), EncodeDetails(status))), PathOf(status));
}

TEST(StatusPathTest, OfAGarbledPayloadIsEmpty) {
  absl::Status status = absl::NotFoundError("root");
  status.SetPayload("type.googleapis.com/chains.v1.ErrorPath", absl::Cord("\xff\xff"));
  EXPECT_THAT(PathOf(status), IsEmpty());
  EXPECT_THAT(PathOf(WithHop(status, To("a"))), ElementsAre(To("a")));
}

}  // namespace
}  // namespace chains
