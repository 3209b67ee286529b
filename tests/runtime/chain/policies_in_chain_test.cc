// What a chain declares of hedging and circuits, in the channels that its chainlets call through.
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/assembly.h"
#include "chains/core/wait.h"
#include "chains/policy/balanced.h"
#include "chains/testing/testing.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::Channel;
using chains::EdgeCounters;
using chains::EdgeCounts;
using chains::Needs;
using chains::internal::Assembly;
using chains::internal::DependencySpec;
using chains::testing::Fault;
using chains::testing::FaultyChannel;
using ::testing::HasSubstr;

// A Channel that somebody else owns.
class Borrowed final : public Channel {
 public:
  explicit Borrowed(Channel& to) : to_(to) {}
  chains::Task<chains::Bytes> Unary(const chains::Method& method, chains::Bytes request) override {
    return to_.Unary(method, std::move(request));
  }
  chains::Stream<chains::Bytes> Streaming(const chains::Method& method,
                                          chains::Stream<chains::Bytes> requests) override {
    return to_.Streaming(method, std::move(requests));
  }

 private:
  Channel& to_;
};

// A Root, and replicas of Leaf behind faults.
class PoliciesInChainTest : public ::testing::Test {
 protected:
  void Start(Needs<Leaf> needs, int replicas = 2) {
    chain_.Add<ScriptedLeaf>(Script(script_));
    chain_.Add<RootObject>(std::move(needs)).Entrypoint();
    leaf_ = *Assembly::Build(chain_.spec(), OptionsOf("zoo.Leaf"), counters_);
    Assembly::Options options = OptionsOf("zoo.Root");
    options.ways_out.to_chainlet = [this, replicas](
                                       const DependencySpec& dependency,
                                       EdgeCounters& counters) -> std::unique_ptr<Channel> {
      std::vector<std::unique_ptr<Channel>> ways;
      for (int i = 0; i < replicas; ++i) {
        to_leaf_.emplace_back(leaf_->service());
        ways.push_back(std::make_unique<Borrowed>(faults_.emplace_back(to_leaf_.back())));
      }
      if (replicas == 1) return std::move(ways.front());  // as ConnectTo() does
      return std::make_unique<chains::BalancedChannel>(std::move(ways), dependency.balancing,
                                                       &counters);
    };
    root_ = *Assembly::Build(chain_.spec(), std::move(options), counters_);
  }
  static Assembly::Options OptionsOf(std::string chainlet) {
    Assembly::Options options;
    options.replica = "here";
    options.local = {std::move(chainlet)};
    return options;
  }
  absl::Status Call() {
    Root& root = *static_cast<Root*>(root_->Find("zoo.Root"));
    return chains::Wait(root.RunRemote(Calls(1, 1)), clock_).status();
  }
  EdgeCounts Edge() const {
    const std::vector<chains::Counters::EdgeRow> edges = counters_.Edges();
    EXPECT_EQ(edges.size(), 1u);
    EXPECT_EQ(edges.front().from, "zoo.Root");
    EXPECT_EQ(edges.front().to, "zoo.Leaf");
    return edges.front().counts;
  }
  int CallsSent() const {
    int calls = 0;
    for (const FaultyChannel& each : faults_) calls += each.calls();
    return calls;
  }

  chains::testing::FakeClock clock_;
  chains::Counters counters_;
  LeafScript script_;
  chains::Chain chain_{"zoo"};
  std::unique_ptr<Assembly> leaf_;
  std::deque<chains::LoopbackChannel> to_leaf_;
  std::deque<FaultyChannel> faults_;
  std::unique_ptr<Assembly> root_;
};

TEST_F(PoliciesInChainTest, AnEdgeWithoutPoliciesGoesToTheBalancerAtOnce) {
  Start({});
  EXPECT_TRUE(Call().ok());
  EXPECT_EQ(CallsSent(), 1);
  EXPECT_EQ(Edge().hedges, 0u);
}

TEST_F(PoliciesInChainTest, ADeclaredCircuitOpensAndNamesTheEdge) {
  Start({.circuit = {.on = true, .consecutive_failures = 3}});
  for (FaultyChannel& each : faults_) each.InjectAll(Fault::Fails(absl::UnavailableError("gone")));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(absl::IsUnavailable(Call()));
  const absl::Status refused = Call();
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("the circuit from zoo.Root to zoo.Leaf is open"));
  EXPECT_EQ(CallsSent(), 3);
  EXPECT_EQ(Edge().circuit_refused, 1u);
  for (FaultyChannel& each : faults_) each.InjectAll(std::nullopt);
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(Call().ok());
}

TEST_F(PoliciesInChainTest, ADeclaredHedgeAnswersForASlowReplica) {
  Start({.hedging = {.on = true, .max_extra = 1}});  // however many the balancer sends there
  for (FaultyChannel& each : faults_) each.InjectAll(Fault::Delays(absl::Milliseconds(1)));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Call().ok());
  faults_[0].InjectAll(Fault::NeverAnswers());
  const absl::Time began = clock_.Now();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Call().ok());
  EXPECT_LE(clock_.Now() - began, absl::Milliseconds(40));
  EXPECT_EQ(Edge().hedges_won, static_cast<uint64_t>(faults_[0].dropped()));
  EXPECT_EQ(faults_[0].in_flight(), 0);
}

TEST_F(PoliciesInChainTest, AnOnlyReplicaIsNotAskedTwice) {
  Start({.hedging = {.on = true, .max_extra = 1}}, 1);
  faults_[0].InjectAll(Fault::Delays(absl::Milliseconds(1)));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Call().ok());
  faults_[0].InjectAll(Fault::Delays(absl::Milliseconds(50)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Call().ok());
  EXPECT_EQ(CallsSent(), 110);
}

TEST_F(PoliciesInChainTest, HedgesSpendTheBudgetOfTheEdge) {
  Start({.hedging = {.on = true, .max_extra = 1}, .retry_budget = {.ratio = 0, .burst = 2}});
  for (FaultyChannel& each : faults_) each.InjectAll(Fault::Delays(absl::Milliseconds(1)));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Call().ok());
  for (FaultyChannel& each : faults_) each.InjectAll(Fault::Delays(absl::Milliseconds(50)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Call().ok());
  EXPECT_EQ(Edge().hedges, 2u);
  EXPECT_GT(Edge().hedges_refused, 0u);
}

}  // namespace
}  // namespace zoo
