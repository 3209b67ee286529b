// A receipt says the same of a chain wherever its chainlets run.
#include "receipts.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/running_chain.h"
#include "chains/testing/placements.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::Needs;
using chains::RunningChain;
using ::testing::StartsWith;

class ReceiptsTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  void Start(Needs<Leaf> needs = {}, chains::Limits limits = {}) {
    chains::Chain chain("zoo");
    chain.Add<ScriptedLeaf>(Script(script_), limits);
    chain.Add<RootObject>(std::move(needs));
    chain.Add<TopObject>(Needs<Root>{}).Entrypoint();
    auto running = RunningChain::Start(chain, GetParam());
    ASSERT_TRUE(running.ok()) << running.status();
    running_ = *std::move(running);
  }
  std::string ShapeOfRoot(RootRequest request) {
    const Asked asked(running_->reactor());
    outcome_ = running_->Call(&Root::RunRemote, std::move(request), asked.context()).status();
    return asked.shape();
  }

  LeafScript script_;
  std::unique_ptr<RunningChain> running_;
  absl::Status outcome_;
};
INSTANTIATE_TEST_SUITE_P(Everywhere, ReceiptsTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(ReceiptsTest, NestsEveryCallBelowTheOneThatMadeIt) {
  Start();
  const Asked asked(running_->reactor());
  ASSERT_TRUE(running_->Call(&Top::RunRemote, Calls(3, 7), asked.context()).ok());
  EXPECT_EQ(asked.shape(),
            "Top.RunRemote#1:0["
            "Root.RunRemote#1:0[Leaf.RunRemote#1:0 Leaf.RunRemote#1:0 Leaf.RunRemote#1:0] "
            "Root.RunRemote#1:0[Leaf.RunRemote#1:0 Leaf.RunRemote#1:0 Leaf.RunRemote#1:0]]");
  const chains::v1::Receipt receipt = asked.receipt();
  EXPECT_EQ(receipt.calls_left_out(), 0u);
  for (const chains::v1::ReceiptCall& root : receipt.call().calls()) {
    EXPECT_FALSE(root.replica().empty());
    for (const chains::v1::ReceiptCall& leaf : root.calls()) EXPECT_FALSE(leaf.replica().empty());
  }
}

TEST_P(ReceiptsTest, IsWrittenForNobodyElse) {
  Start();
  const Asked asked(running_->reactor());
  ASSERT_TRUE(running_->Call(&Top::RunRemote, Calls(1, 1)).ok());
  ASSERT_TRUE(running_->Call(&Leaf::RunRemote, Number(1), asked.context()).ok());
  EXPECT_EQ(asked.shape(), "Leaf.RunRemote#1:0");
}

TEST_P(ReceiptsTest, SaysWhichAttemptItWas) {
  script_.answer = [this](LeafRequest) {
    if (script_.started == 1) return chains::Done<LeafReply>(absl::UnavailableError("not yet"));
    return chains::Done<LeafReply>(LeafReply());
  };
  Start({.attempts = 3});
  EXPECT_EQ(ShapeOfRoot(Calls(1, 5)), "Root.RunRemote#1:0[Leaf.RunRemote#2:0]");
}

TEST_P(ReceiptsTest, OfAFailureSaysWhereItBegan) {
  script_.answer = [](LeafRequest) { return chains::Done<LeafReply>(absl::DataLossError("no")); };
  Start();
  EXPECT_EQ(ShapeOfRoot(Calls(1, 5)), "Root.RunRemote#1:15[Leaf.RunRemote#1:15]");
  EXPECT_EQ(outcome_.code(), absl::StatusCode::kDataLoss);
}

// Whether the callee's side is known depends: over a socket nobody answers in time.
TEST_P(ReceiptsTest, HasTheCallThatWasNotAnsweredInTime) {
  script_.answer = [](LeafRequest) -> chains::Task<LeafReply> {
    co_await chains::Sleep(absl::Hours(1));
    co_return LeafReply();
  };
  Start({.timeout = absl::Milliseconds(30)});
  EXPECT_THAT(ShapeOfRoot(Calls(1, 5)), StartsWith("Root.RunRemote#1:4[Leaf.RunRemote#1:4"));
}

TEST_P(ReceiptsTest, HasWhatFailedAndWhatWasStoppedForIt) {
  script_.answer = [this](LeafRequest) -> chains::Task<LeafReply> {
    if (script_.started == 1) co_await chains::Sleep(absl::Hours(1));
    co_return absl::AbortedError("the second");
  };
  Start();
  EXPECT_THAT(ShapeOfRoot(Calls(2, 1)), StartsWith("Root.RunRemote#1:10[Leaf.RunRemote#1:1"));
}

TEST_P(ReceiptsTest, AFanOutOfTenThousandStaysSmall) {
  Start();
  const Asked asked(running_->reactor());
  ASSERT_TRUE(running_->Call(&Root::RunRemote, Calls(10000, 1), asked.context()).ok());
  const chains::v1::Receipt receipt = asked.receipt();
  EXPECT_LE(CountIn(receipt.call()), chains::internal::Receipt::kMaxCalls);
  EXPECT_EQ(CountIn(receipt.call()) + receipt.calls_left_out(), 10001u);
  EXPECT_EQ(receipt.call().calls_left_out(), receipt.calls_left_out());
}

chains::Task<int> CountItems(chains::Stream<LeafReply> replies) {
  int count = 0;
  while (std::optional<LeafReply> reply = co_await replies.Next()) ++count;
  co_return count;
}
chains::Stream<LeafRequest> Numbers(int count) {
  for (int i = 1; i <= count; ++i) {
    LeafRequest request = Number(i);
    co_yield std::move(request);
  }
}

TEST_P(ReceiptsTest, AStreamIsOneCallThatCountsItsItems) {
  Start();
  const Asked count(running_->reactor());
  ASSERT_TRUE(
      running_
          ->Run<Leaf>([](Leaf& leaf) { return CountItems(leaf.Count(Number(5))); }, count.context())
          .ok());
  EXPECT_EQ(count.shape(), "Leaf.Count#1:0*5");
  const Asked twice(running_->reactor());
  ASSERT_TRUE(running_
                  ->Run<Leaf>([](Leaf& leaf) { return CountItems(leaf.Double(Numbers(4))); },
                              twice.context())
                  .ok());
  EXPECT_EQ(twice.shape(), "Leaf.Double#1:0*4");
  const Asked sum(running_->reactor());
  ASSERT_TRUE(
      running_->Run<Leaf>([](Leaf& leaf) { return leaf.Sum(Numbers(4)); }, sum.context()).ok());
  EXPECT_EQ(sum.shape(), "Leaf.Sum#1:0");
}

TEST_P(ReceiptsTest, AChainletSeesNoHeaderOfIt) {
  bool seen = true;
  script_.answer = [&seen](LeafRequest) -> chains::Task<LeafReply> {
    const chains::Context context = co_await chains::CurrentContext();
    seen = context.Header("chains-receipt").has_value();
    co_return LeafReply();
  };
  Start();
  ShapeOfRoot(Calls(1, 1));
  EXPECT_FALSE(seen);
}

}  // namespace
}  // namespace zoo
