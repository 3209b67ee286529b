// Where a receipt says that time went, on a clock that the test holds: callers in one assembly, the
// callee in another, in wire format between them, with faults.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/assembly.h"
#include "chains/core/wait.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/faulty_channel.h"
#include "receipts.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::Needs;
using chains::internal::Assembly;
using chains::testing::Fault;
using chains::testing::FaultyChannel;
using chains::v1::ReceiptCall;

// The test's way to the leaf, which outlives the assembly's.
class Forwarding final : public chains::Channel {
 public:
  explicit Forwarding(chains::Channel& to) : to_(to) {}
  chains::Task<chains::Bytes> Unary(const chains::Method& method, chains::Bytes request) override {
    return to_.Unary(method, std::move(request));
  }
  chains::Stream<chains::Bytes> Streaming(const chains::Method& method,
                                          chains::Stream<chains::Bytes> requests) override {
    return to_.Streaming(method, std::move(requests));
  }

 private:
  chains::Channel& to_;
};

class ReceiptTimesTest : public ::testing::Test {
 protected:
  void Start(Needs<Leaf> needs, chains::Limits limits = {}) {
    chain_.Add<ScriptedLeaf>(Script(script_), limits);
    chain_.Add<RootObject>(std::move(needs)).Entrypoint();
    leaf_ = *Assembly::Build(chain_.spec(), OptionsOf("leaf-0", "zoo.Leaf"), counters_);
    to_leaf_.emplace(leaf_->service());
    channel_.emplace(*to_leaf_);
    Assembly::Options options = OptionsOf("root-0", "zoo.Root");
    options.ways_out.to_chainlet = [this](const chains::internal::DependencySpec&,
                                          chains::EdgeCounters&) {
      return std::make_unique<Forwarding>(*channel_);
    };
    root_ = *Assembly::Build(chain_.spec(), std::move(options), counters_);
  }
  static Assembly::Options OptionsOf(std::string replica, std::string chainlet) {
    Assembly::Options options;
    options.replica = std::move(replica);
    options.local = {std::move(chainlet)};
    return options;
  }
  // What a request to the root says, once `clock_` has let it end.
  ReceiptCall Ask(RootRequest request) {
    const Asked asked(clock_);
    Root& root = *static_cast<Root*>(root_->Find("zoo.Root"));
    outcome_ = chains::Wait(root.RunRemote(std::move(request)), clock_, asked.context()).status();
    return asked.receipt().call();
  }
  // It answers after so many milliseconds.
  void TakesMilliseconds(int milliseconds) {
    script_.answer = [milliseconds](LeafRequest) -> chains::Task<LeafReply> {
      co_await chains::Sleep(absl::Milliseconds(milliseconds));
      co_return LeafReply();
    };
  }

  chains::testing::FakeClock clock_;
  LeafScript script_;
  chains::Chain chain_{"zoo"};
  chains::Counters counters_;
  std::unique_ptr<Assembly> leaf_;
  std::optional<chains::LoopbackChannel> to_leaf_;
  std::optional<FaultyChannel> channel_;
  std::unique_ptr<Assembly> root_;
  absl::Status outcome_;
};

TEST_F(ReceiptTimesTest, TheCallersTimeIsThatOfItsCalls) {
  TakesMilliseconds(5);
  Start({});
  const ReceiptCall root = Ask(Calls(3, 1));
  EXPECT_EQ(ShapeOf(root),
            "Root.RunRemote#1:0[Leaf.RunRemote#1:0 Leaf.RunRemote#1:0 Leaf.RunRemote#1:0]");
  EXPECT_EQ(root.total_us(), 5000u);
  EXPECT_EQ(root.user_us(), 0u);
  EXPECT_EQ(root.calls(2).start_us(), 0u);
  EXPECT_EQ(root.calls(2).user_us(), 5000u);
  EXPECT_EQ(root.calls(2).elapsed_us(), 5000u);
  EXPECT_EQ(root.calls(2).replica(), "leaf-0");
}

TEST_F(ReceiptTimesTest, WaitingAtTheCallersLimitIsQueueing) {
  TakesMilliseconds(5);
  Start({.max_in_flight = 1});
  const ReceiptCall root = Ask(Calls(3, 1));
  for (int i = 0; i < 3; ++i) {
    const auto waited = static_cast<uint64_t>(5000 * i);
    EXPECT_EQ(root.calls(i).queue_us(), waited);
    EXPECT_EQ(root.calls(i).elapsed_us(), waited + 5000);
    EXPECT_EQ(root.calls(i).total_us(), 5000u);
    EXPECT_EQ(root.calls(i).user_us(), 5000u);
  }
}

TEST_F(ReceiptTimesTest, WaitingAtTheCalleesLimitIsQueueingAndPartOfItsTotal) {
  TakesMilliseconds(5);
  Start({}, {.concurrency_limit = 1});
  const ReceiptCall root = Ask(Calls(2, 1));
  EXPECT_EQ(root.calls(1).queue_us(), 5000u);
  EXPECT_EQ(root.calls(1).total_us(), 10000u);
  EXPECT_EQ(root.calls(1).user_us(), 5000u);
}

TEST_F(ReceiptTimesTest, AFurtherAttemptHasTheFiguresAndTheFirstIsATimeToRetry) {
  TakesMilliseconds(5);
  Start({.attempts = 2});
  channel_->Inject(1, Fault::Fails(absl::UnavailableError("gone")));
  const ReceiptCall root = Ask(Calls(1, 1));
  const ReceiptCall& leaf = root.calls(0);
  EXPECT_EQ(leaf.attempt(), 2u);
  EXPECT_EQ(leaf.code(), 0u);
  EXPECT_LE(leaf.retries_us(), 10000u);  // any part of the first backoff
  EXPECT_EQ(leaf.total_us(), 5000u);
  EXPECT_NEAR(leaf.elapsed_us(), leaf.retries_us() + 5000.0, 1);
  EXPECT_EQ(root.user_us(), 0u);
}

TEST_F(ReceiptTimesTest, WhatIsNeverAnsweredHasItsTimeoutAndNoCallee) {
  Start({.timeout = absl::Milliseconds(30)});
  channel_->InjectAll(Fault::NeverAnswers());
  const ReceiptCall root = Ask(Calls(1, 1));
  EXPECT_EQ(outcome_.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ShapeOf(root), "Root.RunRemote#1:4[Leaf.RunRemote#1:4?]");
  EXPECT_EQ(root.calls(0).elapsed_us(), 30000u);
  EXPECT_EQ(root.calls(0).total_us(), 0u);
}

TEST_F(ReceiptTimesTest, ACallThatWaitsForItsPlaceUntilItsTimeoutQueuedAllTheTime) {
  TakesMilliseconds(50);
  Start({.timeout = absl::Milliseconds(30), .max_in_flight = 1});
  script_.answer = [](LeafRequest) -> chains::Task<LeafReply> {
    co_await chains::Sleep(absl::Milliseconds(29));
    co_return LeafReply();
  };
  const ReceiptCall root = Ask(Calls(3, 1));
  EXPECT_EQ(root.calls(2).code(), 4u);
  EXPECT_EQ(root.calls(2).queue_us(), 30000u);
  EXPECT_EQ(root.calls(2).elapsed_us(), 30000u);
}

TEST_F(ReceiptTimesTest, ASlowWayIsNeitherTheCalleesNorTheUsersTime) {
  TakesMilliseconds(5);
  Start({});
  channel_->InjectAll(Fault::Delays(absl::Milliseconds(7)));
  const ReceiptCall root = Ask(Calls(1, 1));
  EXPECT_EQ(root.calls(0).elapsed_us(), 12000u);
  EXPECT_EQ(root.calls(0).total_us(), 5000u);
  EXPECT_EQ(root.user_us(), 0u);
}

}  // namespace
}  // namespace zoo
