// Overload, simulated: a chainlet behind its callee's edge gets more calls than it can answer.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/random/distributions.h"
#include "chains/contract/contract_inl.h"
#include "chains/contract/push_back.h"
#include "chains/core/timing.h"
#include "chains/core/wait.h"
#include "chains/policy/callee_edge.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"

namespace chains {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;
using testing::Running;
using testing::StatusIs;

constexpr Method kMethod = {.chainlet = "t.T", .name = "Run", .path = "/t.T/Run"};
constexpr absl::Duration kTimeout = absl::Milliseconds(500);
constexpr absl::Duration kWork = absl::Milliseconds(10);
constexpr double kCapacity = 100;  // calls a second: one processor, kWork each

// One processor, which all that are inside share in turns.
Task<int> Compute(Gate& processor) {
  constexpr int kTurns = 5;
  for (int i = 0; i < kTurns; ++i) {
    Permit permit = co_await processor.Enter();
    co_await Sleep(kWork / kTurns);
  }
  co_return 0;
}
Task<void> Pause(absl::Duration duration) { co_await Sleep(duration); }

struct Figures {
  int offered = 0;
  int answered = 0;
  std::map<absl::StatusCode, int> failed;
  int refused = 0;  // with a time to come again
  int Failed(absl::StatusCode code) { return failed[code]; }
};

// Calls that come at a rate, whatever becomes of those before, each with its deadline.
class Load {
 public:
  explicit Load(CalleeEdge::Options options) : edge_(std::move(options), counters_) {
    passage_ = edge_.PassageOf(kMethod);
  }

  // Of each priority so many a second, for so long; what became of them, by priority.
  std::map<int, Figures> Offer(const std::map<int, double>& rates, absl::Duration duration) {
    std::map<int, Figures> figures;
    std::map<int, absl::Time> next;
    const absl::Time end = clock_.Now() + duration;
    for (const auto& [priority, rate] : rates) next[priority] = clock_.Now();
    while (true) {
      auto first = std::min_element(next.begin(), next.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      });
      if (first->second >= end) break;
      EXPECT_TRUE(Wait(Pause(first->second - clock_.Now()), clock_).ok());
      Begin(first->first, figures[first->first]);
      first->second += absl::Seconds(absl::Exponential<double>(random_, rates.at(first->first)));
      while (!calls_.empty() && calls_.front()->done()) calls_.pop_front();
    }
    clock_.RunUntil([&] { return AllDone(); });
    return figures;
  }
  Figures Offer(double rate, absl::Duration duration) {
    return Offer(std::map<int, double>{{Context::kUsualPriority, rate}},
                 duration)[Context::kUsualPriority];
  }
  Counters::Admission Counts() { return counters_.Admissions()["t.T"]; }

 private:
  void Begin(int priority, Figures& figures) {
    ++figures.offered;
    calls_.push_back(
        std::make_unique<Running<void>>(clock_, Call(figures), Context().WithPriority(priority)));
  }
  Task<void> Call(Figures& figures) {
    Task<int> guarded = internal::Through(*passage_, Compute(processor_));
    absl::StatusOr<int> outcome = co_await Outcome(WithTimeout(std::move(guarded), kTimeout));
    if (outcome.ok()) ++figures.answered;
    if (!outcome.ok()) ++figures.failed[outcome.status().code()];
    if (RetryAfterOf(outcome.status())) ++figures.refused;
  }
  bool AllDone() const {
    return std::all_of(calls_.begin(), calls_.end(), [](const auto& call) { return call->done(); });
  }

  std::minstd_rand random_;  // always the same
  FakeClock clock_;
  Counters counters_;
  CalleeEdge edge_;
  std::unique_ptr<internal::Passage> passage_;
  Gate processor_{{.what = "processor", .limit = 1}};
  std::deque<std::unique_ptr<Running<void>>> calls_;
};

CalleeEdge::Options Adaptive() {
  return {.chainlet = "t.T", .replica = "r", .adaptive = {.on = true, .min = 2}};
}

TEST(AdmissionTest, BelowItsCapacityNobodyIsRefused) {
  Load load(Adaptive());
  const Figures figures = load.Offer(0.8 * kCapacity, absl::Seconds(20));
  EXPECT_EQ(figures.answered, figures.offered);
}

TEST(AdmissionTest, UnderTwiceItsCapacityItAnswersAsManyAsItCan) {
  Load load(Adaptive());
  Figures figures = load.Offer(2 * kCapacity, absl::Seconds(60));
  EXPECT_GE(figures.answered, 0.9 * kCapacity * 60);
  EXPECT_LT(load.Counts().limit, 40u);
  // Most of the others are told at once, not left to wait for their deadline.
  EXPECT_GT(figures.refused, figures.offered / 4);
  // And when it is over, it is over.
  load.Offer(0.5 * kCapacity, absl::Seconds(2));
  figures = load.Offer(0.5 * kCapacity, absl::Seconds(10));
  EXPECT_EQ(figures.answered, figures.offered);
}

TEST(AdmissionTest, TenTimesItsCapacityAreNoWorse) {
  Load load(Adaptive());
  const Figures figures = load.Offer(10 * kCapacity, absl::Seconds(20));
  EXPECT_GE(figures.answered, 0.9 * kCapacity * 20);
}

// Why there is such a limit: without it all are let in, share the processor, and are late.
TEST(AdmissionTest, WithoutAnAdaptiveLimitMostWorkWouldBeInVain) {
  Load load({.chainlet = "t.T", .replica = "r"});
  const Figures figures = load.Offer(3 * kCapacity, absl::Seconds(20));
  EXPECT_LT(figures.answered, 0.5 * kCapacity * 20);
}

TEST(AdmissionTest, AFixedLimitThatFitsDoesAsWell) {
  Load load({.chainlet = "t.T", .replica = "r", .concurrency_limit = 4});
  const Figures figures = load.Offer(2 * kCapacity, absl::Seconds(20));
  EXPECT_GE(figures.answered, 0.9 * kCapacity * 20);
}

TEST(AdmissionTest, WhatMattersIsAnsweredWhileTheRestIsRefused) {
  Load load(Adaptive());
  std::map<int, Figures> figures =
      load.Offer({{1, 2 * kCapacity}, {6, 0.5 * kCapacity}}, absl::Seconds(20));
  EXPECT_GE(figures[6].answered, 0.99 * figures[6].offered);
  EXPECT_GE(figures[1].answered + figures[6].answered, 0.9 * kCapacity * 20);
}

TEST(AdmissionTest, OnTrialNothingIsRefusedAndItSaysWhatWouldHaveBeen) {
  CalleeEdge::Options options = Adaptive();
  options.dry_run = true;
  options.max_queued = 8;
  Load load(std::move(options));
  Figures figures = load.Offer(2 * kCapacity, absl::Seconds(10));
  EXPECT_EQ(figures.Failed(absl::StatusCode::kResourceExhausted), 0);
  EXPECT_EQ(figures.answered + figures.Failed(absl::StatusCode::kDeadlineExceeded),
            figures.offered);
  EXPECT_GT(load.Counts().would_refuse, 100u);
  EXPECT_EQ(load.Counts().full + load.Counts().waited + load.Counts().too_late, 0u);
}

TEST(AdmissionTest, AnAdaptiveLimitOnTrialLeavesTheFixedOneInForce) {
  CalleeEdge::Options options = Adaptive();
  options.concurrency_limit = 20;
  options.max_queued = 5;
  options.adaptive.dry_run = true;
  Load load(std::move(options));
  load.Offer(2 * kCapacity, absl::Seconds(10));
  EXPECT_GT(load.Counts().would_wait, 100u);
  EXPECT_GT(load.Counts().waited, 100u);
}

TEST(AdmissionTest, ARefusalNamesTheLimitAndWhenToComeAgain) {
  Load load({.chainlet = "t.T", .replica = "r", .concurrency_limit = 1, .max_queued = 0});
  Figures figures = load.Offer(2 * kCapacity, absl::Seconds(1));
  EXPECT_EQ(figures.refused, figures.Failed(absl::StatusCode::kResourceExhausted));
  EXPECT_GT(figures.refused, 50);
  EXPECT_EQ(load.Counts().full, static_cast<uint64_t>(figures.refused));
}

}  // namespace
}  // namespace chains
