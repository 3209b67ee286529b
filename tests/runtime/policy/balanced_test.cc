#include "chains/policy/balanced.h"

#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/wait.h"

namespace chains {
namespace {

constexpr Method kAsked = {.chainlet = "t.T", .name = "Run", .path = "/t.T/Run"};

// Answers with its status after `hold`, and counts.
struct Way {
  int calls = 0;
  int most_in_flight = 0;
  int in_flight = 0;
  absl::Duration hold = absl::Milliseconds(1);
  absl::Status status;
};
class FakeChannel final : public Channel {
 public:
  explicit FakeChannel(Way& way) : way_(way) {}
  Task<Bytes> Unary(const Method&, Bytes request) override {
    ++way_.calls;
    way_.most_in_flight = std::max(way_.most_in_flight, ++way_.in_flight);
    co_await Sleep(way_.hold);
    --way_.in_flight;
    co_await way_.status;
    co_return request;
  }
  Stream<Bytes> Streaming(const Method&, Stream<Bytes> requests) override { return requests; }

 private:
  Way& way_;
};

class BalancedTest : public ::testing::Test {
 protected:
  BalancedChannel Over(size_t count) {
    ways_.resize(count);
    std::vector<std::unique_ptr<Channel>> channels;
    for (Way& way : ways_) channels.push_back(std::make_unique<FakeChannel>(way));
    return BalancedChannel(std::move(channels),
                           {.failures_to_eject = 3, .ejected_for = absl::Hours(1)});
  }
  static Task<int> Call(BalancedChannel& channel, int count) {
    std::vector<Task<Bytes>> calls;
    for (int i = 0; i < count; ++i) calls.push_back(channel.Unary(kAsked, Bytes()));
    int failed = 0;
    std::vector<absl::StatusOr<Bytes>> outcomes = co_await AllSettled(std::move(calls));
    for (const absl::StatusOr<Bytes>& outcome : outcomes) failed += outcome.ok() ? 0 : 1;
    co_return failed;
  }
  static Task<int> CallOneByOne(BalancedChannel& channel, int count) {
    int failed = 0;
    for (int i = 0; i < count; ++i) failed += co_await Call(channel, 1);
    co_return failed;
  }

  std::vector<Way> ways_;
};

TEST_F(BalancedTest, SpreadsCallsEvenlyOverTwoWays) {
  BalancedChannel channel = Over(2);
  EXPECT_EQ(*Wait(Call(channel, 100)), 0);
  EXPECT_EQ(ways_[0].most_in_flight, 50);
  EXPECT_EQ(ways_[1].most_in_flight, 50);
}

TEST_F(BalancedTest, PrefersTheWayThatIsLessBusy) {
  BalancedChannel channel = Over(2);
  ways_[0].hold = absl::Hours(1);
  // At most one call hangs on the slow way; all that follow find the other one free.
  auto with_one_hanging = [](BalancedChannel& balanced) -> Task<int> {
    std::vector<Task<int>> calls;
    for (int i = 0; i < 2; ++i)
      calls.push_back(WithTimeout(CallOneByOne(balanced, 10), absl::Milliseconds(300)));
    int done = 0;
    std::vector<absl::StatusOr<int>> outcomes = co_await AllSettled(std::move(calls));
    for (const absl::StatusOr<int>& outcome : outcomes) done += outcome.ok() ? 1 : 0;
    co_return done;
  };
  absl::StatusOr<int> done = Wait(with_one_hanging(channel));
  ASSERT_TRUE(done.ok());
  EXPECT_GE(*done, 1);
  EXPECT_LE(ways_[0].calls, 1);
}

TEST_F(BalancedTest, LeavesAFailingWayOutAfterThreeFailuresInARow) {
  BalancedChannel channel = Over(2);
  ways_[0].status = absl::UnavailableError("gone");
  absl::StatusOr<int> failed = Wait(CallOneByOne(channel, 200));
  ASSERT_TRUE(failed.ok());
  EXPECT_EQ(ways_[0].calls, 3);
  EXPECT_EQ(*failed, 3);
}

TEST_F(BalancedTest, StillTriesWhenEveryWayFails) {
  BalancedChannel channel = Over(2);
  for (Way& way : ways_) way.status = absl::UnavailableError("gone");
  EXPECT_EQ(*Wait(CallOneByOne(channel, 20)), 20);
  EXPECT_EQ(ways_[0].calls + ways_[1].calls, 20);
}

TEST_F(BalancedTest, TakesOtherErrorsForAnswers) {
  BalancedChannel channel = Over(2);
  ways_[0].status = absl::AbortedError("no");
  ASSERT_TRUE(Wait(CallOneByOne(channel, 200)).ok());
  EXPECT_GT(ways_[0].calls, 10);
}

}  // namespace
}  // namespace chains
