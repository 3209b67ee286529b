// Loop and LocalLoop: jobs, timers, and what other threads post.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/local_loop.h"
#include "support.h"

namespace chains {
namespace {

using testing::FakeClock;

class Calls final : public Loop::Job {
 public:
  explicit Calls(std::function<void()> run) : run_(std::move(run)) {}
  void Run() override { run_(); }

 private:
  std::function<void()> run_;
};
class Rings final : public Loop::Timer {
 public:
  explicit Rings(std::function<void()> fire) : fire_(std::move(fire)) {}
  void Fire() override { fire_(); }

 private:
  std::function<void()> fire_;
};

TEST(LoopTest, RunsJobsInOrderAndOnce) {
  FakeClock clock;
  std::string log;
  Calls a([&] { log += 'a'; });
  Calls b([&] { log += 'b'; });
  clock.Ready(b);
  clock.Ready(a);
  clock.Ready(b);  // stays where it is
  clock.Settle();
  EXPECT_EQ(log, "ba");
}

TEST(LoopTest, WhatIsLastRunsAfterAllThatIsReadyInItsTurn) {
  FakeClock clock;
  std::string log;
  Calls ready([&] { log += 'r'; });
  Calls last([&] {
    log += 'l';
    if (log.size() < 4) clock.Last(last);  // in the next turn
  });
  Rings timer([&] { log += 't'; });
  clock.Last(last);
  clock.Last(last);  // stays where it is
  clock.Ready(ready);
  clock.Arm(timer, clock.Now());
  clock.Settle();
  EXPECT_EQ(log, "rtll");
}

TEST(LoopTest, AJobThatListsItselfAgainDoesNotStarveTheRest) {
  FakeClock clock;
  int runs = 0;
  bool fired = false;
  Calls again([&] {
    if (++runs < 1000 && !fired) clock.Ready(again);
  });
  Rings timer([&] { fired = true; });
  clock.Arm(timer, clock.Now());
  clock.Ready(again);
  clock.Settle();
  EXPECT_TRUE(fired);
  EXPECT_LE(runs, 2);
}

TEST(LoopTest, AForgottenOrDestroyedJobDoesNotRun) {
  FakeClock clock;
  bool ran = false;
  Calls forgotten([&] { ran = true; });
  clock.Ready(forgotten);
  {
    Calls destroyed([&] { ran = true; });
    clock.Ready(destroyed);
  }
  forgotten.Forget();
  clock.Settle();
  EXPECT_FALSE(ran);
}

TEST(LoopTest, AJobMayForgetTheNextOne) {
  FakeClock clock;
  bool ran = false;
  Calls second([&] { ran = true; });
  Calls first([&] { second.Forget(); });
  clock.Ready(first);
  clock.Ready(second);
  clock.Settle();
  EXPECT_FALSE(ran);
}

TEST(TimerTest, FireInTheOrderOfTheirTimesThenOfArming) {
  FakeClock clock;
  std::string log;
  Rings a([&] { log += 'a'; });
  Rings b([&] { log += 'b'; });
  Rings c([&] { log += 'c'; });
  clock.Arm(c, clock.Now() + absl::Seconds(1));
  clock.Arm(a, clock.Now() + absl::Seconds(2));
  clock.Arm(b, clock.Now() + absl::Seconds(1));
  clock.Advance(absl::Seconds(2));
  clock.Settle();
  EXPECT_EQ(log, "cba");
}

TEST(TimerTest, ArmingAgainReplacesTheTime) {
  FakeClock clock;
  int fired = 0;
  Rings timer([&] { ++fired; });
  clock.Arm(timer, clock.Now() + absl::Seconds(1));
  clock.Arm(timer, clock.Now() + absl::Seconds(3));
  clock.Advance(absl::Seconds(2));
  clock.Settle();
  EXPECT_EQ(fired, 0);
  clock.Advance(absl::Seconds(2));
  clock.Settle();
  EXPECT_EQ(fired, 1);
}

TEST(TimerTest, DisarmedOrDestroyedDoesNotFire) {
  FakeClock clock;
  int fired = 0;
  Rings disarmed([&] { ++fired; });
  clock.Arm(disarmed, clock.Now());
  {
    Rings destroyed([&] { ++fired; });
    clock.Arm(destroyed, clock.Now());
  }
  disarmed.Disarm();
  disarmed.Disarm();
  clock.Settle();
  EXPECT_EQ(fired, 0);
}

TEST(TimerTest, MayDisarmTheNextOneThatIsDue) {
  FakeClock clock;
  int fired = 0;
  Rings second([&] { ++fired; });
  Rings first([&] { second.Disarm(); });
  clock.Arm(first, clock.Now());
  clock.Arm(second, clock.Now());
  clock.Settle();
  EXPECT_EQ(fired, 0);
}

TEST(TimerTest, OneThatArmsItselfForThePastDoesNotStarveTheRest) {
  FakeClock clock;
  int fired = 0;
  bool ran = false;
  Calls job([&] { ran = true; });
  Rings timer([&] {
    if (++fired == 1) clock.Ready(job);
    if (!ran && fired < 1000) clock.Arm(timer, clock.Now() - absl::Hours(1));
  });
  clock.Arm(timer, clock.Now());
  clock.Settle();
  EXPECT_TRUE(ran);
  EXPECT_LE(fired, 2);
}

TEST(PostTest, RunsOnTheLoopsThreadInOrder) {
  FakeClock clock;
  std::string log;
  bool in_loop = false;
  clock.Post([&] { log += 'a'; });
  clock.Post([&] {
    log += 'b';
    in_loop = clock.InLoop();
    clock.Post([&] { log += 'c'; });
  });
  clock.Settle();
  EXPECT_EQ(log, "abc");
  EXPECT_TRUE(in_loop);
}

TEST(PostTest, ReachesASleepingLoopFromManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kEach = 2'000;
  WorkerPool workers;
  LocalLoop loop(workers);
  int ran = 0;
  std::vector<int> last(kThreads, -1);
  bool in_order = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.Post([&, t, i] {
          ++ran;
          in_order = in_order && std::exchange(last[t], i) == i - 1;
        });
      }
    });
  }
  loop.RunUntil([&] { return ran == kThreads * kEach; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(in_order);
}

// The loop ends as soon as it has run what was posted, while the poster may still be in Post().
TEST(PostTest, ALoopMayEndWithTheLastThingPosted) {
  WorkerPool workers;
  for (int i = 0; i < 500; ++i) {
    std::thread poster;
    {
      LocalLoop loop(workers);
      bool ran = false;
      poster = std::thread([&] { loop.Post([&] { ran = true; }); });
      loop.RunUntil([&] { return ran; });
    }
    poster.join();
  }
}

TEST(PostTest, WakesALoopBeforeItsTimer) {
  WorkerPool workers;
  LocalLoop loop(workers);
  Rings timer([] {});
  loop.Arm(timer, absl::Now() + absl::Hours(1));
  bool ran = false;
  std::thread poster([&] { loop.Post([&] { ran = true; }); });
  loop.RunUntil([&] { return ran; });
  poster.join();
  EXPECT_TRUE(ran);
}

TEST(LocalLoopTest, WaitReturnsWhenWhatTheLoopHostsHasEnded) {
  FakeClock clock;
  bool ended = false;
  Rings timer([&] {
    ended = true;
    clock.HostingEnds();
  });
  clock.HostingStarts();
  clock.Arm(timer, clock.Now() + absl::Hours(1));
  EXPECT_TRUE(Wait(Value(1), clock).ok());
  EXPECT_TRUE(ended);
  EXPECT_EQ(clock.hosted(), 0u);
}

TEST(LocalLoopTest, InLoopIsTheThreadThatRunsIt) {
  WorkerPool workers;
  LocalLoop loop(workers);
  EXPECT_FALSE(loop.InLoop());
  loop.RunUntil([] { return true; });
  EXPECT_TRUE(loop.InLoop());
  std::thread other([&] { EXPECT_FALSE(loop.InLoop()); });
  other.join();
}

}  // namespace
}  // namespace chains
