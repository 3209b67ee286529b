// Faults by their shares: they strike as often as they were asked to, and as they were described.
#include "chains/policy/faults.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/contract/loopback_channel.h"
#include "chains/core/timing.h"
#include "chains/testing/collect.h"
#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"

namespace chains {
namespace {

using testing::Collect;
using testing::FakeClock;
using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;
using testing::Wait;

constexpr Method kEcho{.chainlet = "t.Echo", .name = "Echo", .path = "/t.Echo/Echo"};
constexpr Method kTwice{.chainlet = "t.Echo",
                        .name = "Twice",
                        .path = "/t.Echo/Twice",
                        .kind = MethodKind::kBidirectional};

Task<std::string> TextOf(Task<Bytes> task) {
  Bytes bytes = co_await std::move(task);
  co_return bytes.ToString();
}
Stream<std::string> TextsOf(Stream<Bytes> stream) {
  while (std::optional<Bytes> bytes = co_await stream.Next()) co_yield bytes->ToString();
}
Stream<Bytes> NoRequests() { co_return; }

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest() {
    service_.AddUnary(kEcho, [this](Bytes request) {
      ++reached_;
      return Done<Bytes>(std::move(request));
    });
    service_.AddStreaming(kTwice, [this](Stream<Bytes>) -> Stream<Bytes> {
      ++reached_;
      co_yield Bytes("a");
      co_yield Bytes("b");
    });
  }
  void Ask(const std::string& text) {
    const absl::StatusOr<Faults> faults = ParseFaults(text);
    ASSERT_TRUE(faults.ok()) << faults.status();
    channel_ =
        std::make_unique<FaultsChannel>(std::make_unique<LoopbackChannel>(service_), *faults, 1);
  }
  absl::StatusOr<std::string> Echo() {
    return Wait(TextOf(channel_->Unary(kEcho, Bytes("text"))), clock_);
  }
  absl::StatusOr<std::vector<std::string>> Twice() {
    return Wait(Collect(TextsOf(channel_->Streaming(kTwice, NoRequests()))), clock_);
  }

  FakeClock clock_;
  Service service_;
  std::unique_ptr<Channel> channel_;
  int reached_ = 0;
};

TEST_F(FaultsTest, StrikeAsOftenAsTheyWereAskedTo) {
  Ask("Echo: 10% UNAVAILABLE");
  int failed = 0;
  for (int i = 0; i < 2000; ++i) {
    const absl::StatusOr<std::string> reply = Echo();
    if (reply.ok()) continue;
    ++failed;
    EXPECT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("--fault")));
  }
  // Six standard deviations around the mean; the seed is fixed.
  EXPECT_GT(failed, 120);
  EXPECT_LT(failed, 280);
  EXPECT_EQ(reached_, 2000 - failed);
}

TEST_F(FaultsTest, AFailureAfterwardsLeavesTheWorkDone) {
  Ask("Echo: 100% INTERNAL after");
  EXPECT_THAT(Echo(), StatusIs(absl::StatusCode::kInternal, HasSubstr("after its answer")));
  EXPECT_EQ(reached_, 1);
  EXPECT_THAT(Twice(), StatusIs(absl::StatusCode::kInternal, HasSubstr("after its answer")));
  EXPECT_EQ(reached_, 2);
}

TEST_F(FaultsTest, DelaysAddUp) {
  Ask("Echo: 100% +200ms, 100% +3s");
  const absl::Time before = clock_.Now();
  EXPECT_THAT(Echo(), IsOkAndHolds("text"));
  EXPECT_EQ(clock_.Now() - before, absl::Milliseconds(3200));
}

TEST_F(FaultsTest, ADelayVariesWithinItsJitter) {
  Ask("Echo: 100% +200ms~50ms");
  absl::Duration least = absl::InfiniteDuration();
  absl::Duration most = absl::ZeroDuration();
  for (int i = 0; i < 200; ++i) {
    const absl::Time before = clock_.Now();
    EXPECT_THAT(Echo(), IsOkAndHolds("text"));
    least = std::min(least, clock_.Now() - before);
    most = std::max(most, clock_.Now() - before);
  }
  EXPECT_GE(least, absl::Milliseconds(150));
  EXPECT_LE(most, absl::Milliseconds(250));
  EXPECT_GT(most - least, absl::Milliseconds(50));
}

TEST_F(FaultsTest, ACallThatHangsEndsAtItsCallersDeadline) {
  Ask("Echo: 100% hangs");
  EXPECT_THAT(
      Wait(WithTimeout(TextOf(channel_->Unary(kEcho, Bytes("text"))), absl::Seconds(5)), clock_),
      StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(reached_, 0);
}

TEST_F(FaultsTest, StrikesInItsTimeOnly) {
  Ask("Echo: 100% ABORTED from 10s to 40s");
  EXPECT_THAT(Echo(), IsOkAndHolds("text"));
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(Echo(), StatusIs(absl::StatusCode::kAborted));
  clock_.Advance(absl::Seconds(30));
  EXPECT_THAT(Echo(), IsOkAndHolds("text"));
}

TEST_F(FaultsTest, CorruptsEveryMessageOfTheAnswer) {
  Ask("Echo: 100% corrupt");
  EXPECT_THAT(Echo(), IsOkAndHolds("te|t"));
  EXPECT_THAT(Twice(), IsOkAndHolds(::testing::ElementsAre("e", "f")));
}

TEST_F(FaultsTest, OfSeveralThatStrikeTheFirstCounts) {
  Ask("Echo: 100% NOT_FOUND, 100% ABORTED");
  EXPECT_THAT(Echo(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("t.Echo")));
  EXPECT_THAT(Twice(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("t.Echo")));
}

TEST_F(FaultsTest, AChainletWithoutARuleKeepsItsChannel) {
  auto loopback = std::make_unique<LoopbackChannel>(service_);
  const Channel* const before = loopback.get();
  const absl::StatusOr<Faults> faults = ParseFaults("Other: 1% hangs");
  ASSERT_TRUE(faults.ok());
  Ask("Other: 100% ABORTED");
  EXPECT_THAT(Echo(), IsOkAndHolds("text"));
  EXPECT_EQ(WithFaults(std::move(loopback), "t.Echo", *faults).get(), before);
}

}  // namespace
}  // namespace chains
