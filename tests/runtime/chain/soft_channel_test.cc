#include "chains/chain/soft_channel.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/wait.h"
#include "chains/testing/collect.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/status_matchers.h"

namespace chains::internal {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr Method kAsk{.chainlet = "x.Model", .name = "Ask", .path = "/x.Model/Ask"};
constexpr Method kTell{.chainlet = "x.Model",
                       .name = "Tell",
                       .path = "/x.Model/Tell",
                       .kind = MethodKind::kServerStreaming};

// Answers with what it was sent.
class Echo final : public Channel {
 public:
  Task<Bytes> Unary(const Method&, Bytes request) override {
    return Done<Bytes>(std::move(request));
  }
  Stream<Bytes> Streaming(const Method&, Stream<Bytes> requests) override { return requests; }
};

class ImpatientChannelTest : public ::testing::Test {
 protected:
  ImpatientChannelTest() {
    auto elastic = std::make_unique<ElasticChannel>(
        [](const ElasticChannel::Way&) { return std::make_unique<Echo>(); },
        ElasticChannel::Options{.name = "x.Model"}, [this] { ++asked_for_; });
    elastic_ = elastic.get();
    channel_ = std::make_unique<ImpatientChannel>(std::move(elastic));
  }
  Stream<Bytes> One() {
    std::vector<Bytes> requests;
    requests.emplace_back("a");
    return testing::StreamOf(std::move(requests));
  }

  int asked_for_ = 0;
  ElasticChannel* elastic_ = nullptr;
  std::unique_ptr<ImpatientChannel> channel_;
  testing::FakeClock clock_;
};

TEST_F(ImpatientChannelTest, CallsWhoIsThere) {
  elastic_->SetWays({{.address = "a"}});
  const absl::StatusOr<Bytes> reply = Wait(channel_->Unary(kAsk, Bytes("b")), clock_);
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->ToString(), "b");
  EXPECT_THAT(Wait(testing::Collect(channel_->Streaming(kTell, One())), clock_), IsOk());
  EXPECT_EQ(asked_for_, 0);
}

TEST_F(ImpatientChannelTest, SaysSoonThatThereIsNobodyAndThatOneIsWanted) {
  const absl::Time began = clock_.Now();
  EXPECT_THAT(Wait(channel_->Unary(kAsk, Bytes()), clock_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no replica of x.Model")));
  EXPECT_EQ(clock_.Now() - began, ImpatientChannel::kPatience);
  EXPECT_EQ(asked_for_, 1);
  EXPECT_EQ(elastic_->waiting(), 0u);
  EXPECT_THAT(Wait(testing::Collect(channel_->Streaming(kTell, One())), clock_),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ImpatientChannelTest, TheRequestsOwnEndIsNoAnswer) {
  const Context context = Context().WithDeadline(clock_.Now() + ImpatientChannel::kPatience / 2);
  EXPECT_THAT(Wait(channel_->Unary(kAsk, Bytes()), clock_, context),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(AbsentChannel, SaysWhy) {
  AbsentChannel channel(absl::NotFoundError("no secret"));
  EXPECT_THAT(Wait(channel.Unary(kAsk, Bytes())),
              StatusIs(absl::StatusCode::kUnavailable, "no secret"));
  EXPECT_THAT(Wait(testing::Collect(channel.Streaming(kTell, testing::StreamOf<Bytes>({})))),
              StatusIs(absl::StatusCode::kUnavailable, "no secret"));
}

}  // namespace
}  // namespace chains::internal
