// A chain gives the same answers and keeps the same rules wherever its chainlets run.
#include "chains/testing/placements.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/running_chain.h"
#include "chains/contract/status_path.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::Needs;
using chains::RunningChain;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PlacementsTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  std::unique_ptr<RunningChain> Start(Needs<Leaf> needs, chains::Limits limits = {}) {
    chains::Chain chain("zoo");
    chain.Add<ScriptedLeaf>(Script(script_), limits);
    chain.Add<RootObject>(std::move(needs)).Entrypoint();
    absl::StatusOr<std::unique_ptr<RunningChain>> running = RunningChain::Start(chain, GetParam());
    EXPECT_TRUE(running.ok()) << running.status();
    return running.ok() ? *std::move(running) : nullptr;
  }

  LeafScript script_;
};
INSTANTIATE_TEST_SUITE_P(Everywhere, PlacementsTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(PlacementsTest, AnswersUnaryCalls) {
  auto running = Start({});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(3, 7));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->result(), 3 * 14);
}

TEST_P(PlacementsTest, StreamsReplies) {
  auto running = Start({});
  auto count = [](Leaf& leaf) -> chains::Task<std::vector<int>> {
    chains::Stream<LeafReply> replies = leaf.Count(Number(5));
    std::vector<int> numbers;
    while (std::optional<LeafReply> reply = co_await replies.Next()) {
      numbers.push_back(reply->number());
    }
    co_return numbers;
  };
  absl::StatusOr<std::vector<int>> numbers = running->Run<Leaf>(count);
  ASSERT_TRUE(numbers.ok()) << numbers.status();
  EXPECT_THAT(*numbers, ElementsAre(0, 1, 2, 3, 4));
}

chains::Stream<LeafRequest> Numbers(int count) {
  for (int i = 1; i <= count; ++i) {
    LeafRequest request = Number(i);
    co_yield std::move(request);
  }
}

TEST_P(PlacementsTest, StreamsRequests) {
  auto running = Start({});
  absl::StatusOr<LeafReply> sum =
      running->Run<Leaf>([](Leaf& leaf) { return leaf.Sum(Numbers(100)); });
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(sum->number(), 5050);
}

TEST_P(PlacementsTest, StreamsBothWays) {
  auto running = Start({});
  auto twice = [](Leaf& leaf) -> chains::Task<std::vector<int>> {
    chains::Stream<LeafReply> replies = leaf.Double(Numbers(3));
    std::vector<int> numbers;
    while (std::optional<LeafReply> reply = co_await replies.Next()) {
      numbers.push_back(reply->number());
    }
    co_return numbers;
  };
  absl::StatusOr<std::vector<int>> numbers = running->Run<Leaf>(twice);
  ASSERT_TRUE(numbers.ok()) << numbers.status();
  EXPECT_THAT(*numbers, ElementsAre(2, 4, 6));
}

TEST_P(PlacementsTest, StopsAProducerWhoseStreamIsDropped) {
  auto running = Start({});
  auto first = [](Leaf& leaf) -> chains::Task<int> {
    chains::Stream<LeafReply> replies = leaf.Count(Number(-1));
    std::optional<LeafReply> reply = co_await replies.Next();
    co_return reply->number();
  };
  absl::StatusOr<int> number = running->Run<Leaf>(first);
  ASSERT_TRUE(number.ok()) << number.status();
  running.reset();  // it ends only when the endless producer did
  EXPECT_EQ(script_.running, 0);
}

TEST_P(PlacementsTest, HidesOneUnavailableByASecondAttempt) {
  script_.answer = [this](LeafRequest request) -> chains::Task<LeafReply> {
    if (script_.started == 1) return chains::Done<LeafReply>(absl::UnavailableError("not yet"));
    return chains::Done<LeafReply>(NumberReply(request.number()));
  };
  auto running = Start({.attempts = 2});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(1, 5));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->result(), 5);
  EXPECT_EQ(script_.started, 2);
}

TEST_P(PlacementsTest, MakesNoMoreAttemptsThanAsked) {
  script_.answer = [](LeafRequest) {
    return chains::Done<LeafReply>(absl::UnavailableError("never"));
  };
  auto running = Start({.attempts = 3});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(1, 5));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(script_.started, 3);
  EXPECT_EQ(chains::PathOf(reply.status()).back().attempt, 3);
}

TEST_P(PlacementsTest, RetriesNothingButUnavailable) {
  script_.answer = [](LeafRequest) { return chains::Done<LeafReply>(absl::AbortedError("no")); };
  auto running = Start({.attempts = 3});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(1, 5));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(script_.started, 1);
}

TEST_P(PlacementsTest, FailsWithDeadlineExceededAtTheTimeoutOfADependency) {
  script_.answer = [](LeafRequest) -> chains::Task<LeafReply> {
    co_await chains::Sleep(absl::Hours(1));
    co_return LeafReply();
  };
  auto running = Start({.timeout = absl::Milliseconds(30)});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(1, 5));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded) << reply.status();
  running.reset();
  EXPECT_EQ(script_.running, 0);
  EXPECT_EQ(script_.finished, 0);
}

TEST_P(PlacementsTest, ShrinksTheDeadlineOnTheWay) {
  std::optional<absl::Time> seen;
  script_.answer = [&seen](LeafRequest) -> chains::Task<LeafReply> {
    const chains::Context context = co_await chains::CurrentContext();
    seen = context.deadline();
    co_return LeafReply();
  };
  const absl::Time deadline = absl::Now() + absl::Minutes(10);
  auto running = Start({.timeout = absl::Seconds(60)});
  ASSERT_TRUE(running->Call(&Root::RunRemote, Calls(1, 5), chains::Context(deadline, "", {})).ok());
  ASSERT_TRUE(seen.has_value());
  EXPECT_LT(*seen, deadline - absl::Minutes(8));
}

TEST_P(PlacementsTest, CarriesHeadersToEveryChainlet) {
  std::string seen;
  script_.answer = [&seen](LeafRequest) -> chains::Task<LeafReply> {
    const chains::Context context = co_await chains::CurrentContext();
    seen = std::string(context.Header("X-User").value_or("nobody"));
    co_return LeafReply();
  };
  auto running = Start({});
  const chains::Context context(absl::InfiniteFuture(), "", {{"x-user", "ada"}});
  ASSERT_TRUE(running->Call(&Root::RunRemote, Calls(1, 5), context).ok());
  EXPECT_EQ(seen, "ada");
}

TEST_P(PlacementsTest, SaysWhichCallsAFailureCameThroughRootLast) {
  script_.answer = [](LeafRequest) { return chains::Done<LeafReply>(absl::DataLossError("worm")); };
  auto running = Start({});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(1, 5));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(reply.status().message(), "worm");
  const std::vector<chains::Hop> path = chains::PathOf(reply.status());
  ASSERT_EQ(path.size(), 2u);
  EXPECT_EQ(path[0].chainlet, "zoo.Root");
  EXPECT_EQ(path[1].chainlet, "zoo.Leaf");
  EXPECT_EQ(path[1].method, "RunRemote");
  EXPECT_FALSE(path[1].replica.empty());
}

TEST_P(PlacementsTest, TurnsAnExceptionIntoInternal) {
  script_.answer = [](LeafRequest request) -> chains::Task<LeafReply> {
    const std::vector<int> none;
    co_return NumberReply(none.at(static_cast<size_t>(request.number())));
  };
  auto running = Start({});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(1, 5));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kInternal);
}

TEST_P(PlacementsTest, NeverHasMoreCallsInFlightThanTheCallerAllows) {
  script_.answer = [](LeafRequest request) -> chains::Task<LeafReply> {
    co_await chains::Sleep(absl::Milliseconds(1));
    co_return NumberReply(request.number());
  };
  auto running = Start({.max_in_flight = 4});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(40, 1));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->result(), 40);
  EXPECT_EQ(script_.most_running, 4);
}

TEST_P(PlacementsTest, NeverRunsMoreCallsThanTheCalleeAllows) {
  script_.answer = [](LeafRequest request) -> chains::Task<LeafReply> {
    co_await chains::Sleep(absl::Milliseconds(1));
    co_return NumberReply(request.number());
  };
  auto running = Start({}, {.concurrency_limit = 3});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(40, 1));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(script_.most_running, 3);
}

TEST_P(PlacementsTest, RefusesWhatDoesNotFitAndNamesTheLimitToRaise) {
  script_.answer = [](LeafRequest) -> chains::Task<LeafReply> {
    co_await chains::Sleep(absl::Hours(1));
    co_return LeafReply();
  };
  auto running = Start({}, {.concurrency_limit = 1, .max_queued = 2});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(4, 1));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kResourceExhausted) << reply.status();
  EXPECT_THAT(std::string(reply.status().message()),
              AllOf(HasSubstr("zoo.Leaf"), HasSubstr("max_queued 2"), HasSubstr("chains::Limits")));
}

TEST_P(PlacementsTest, StopsTheOtherCallsWhenOneFailed) {
  script_.answer = [this](LeafRequest) -> chains::Task<LeafReply> {
    if (script_.started < 5) co_await chains::Sleep(absl::Hours(1));
    co_return absl::AbortedError("the fifth");
  };
  auto running = Start({});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(5, 1));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kAborted);
  running.reset();
  EXPECT_EQ(script_.running, 0);
  EXPECT_EQ(script_.finished, 0);
}

TEST_P(PlacementsTest, FansOutToTenThousandWithNothingConfigured) {
  auto running = Start({});
  absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(10000, 1));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->result(), 20000);
  EXPECT_LE(script_.most_running, 256);
}

TEST_P(PlacementsTest, CountsWhatEveryChainletDid) {
  auto running = Start({});
  ASSERT_TRUE(running->Call(&Root::RunRemote, Calls(3, 1)).ok());
  uint64_t calls = 0;
  for (const chains::Counters::Row& row : running->counters()) {
    if (row.chainlet == "zoo.Leaf" && row.method == "RunRemote") calls += row.calls;
  }
  EXPECT_EQ(calls, 3u);
}

TEST_P(PlacementsTest, PutsAFakeInThePlaceOfAChainlet) {
  LeafScript script;
  script.answer = [](LeafRequest) { return chains::Done<LeafReply>(NumberReply(1000)); };
  LeafObject fake(script);
  chains::Chain chain("zoo");
  chain.Add<RootObject>(Needs<Leaf>{}).Entrypoint();
  chains::LocalOptions options;
  options.fakes.push_back(chains::Fake<Leaf>(fake));
  auto running = RunningChain::Start(chain, GetParam(), std::move(options));
  ASSERT_TRUE(running.ok()) << running.status();
  absl::StatusOr<RootReply> reply = (*running)->Call(&Root::RunRemote, Calls(2, 1));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->result(), 2000);
}

}  // namespace
}  // namespace zoo
