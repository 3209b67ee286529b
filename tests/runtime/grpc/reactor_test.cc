// A reactor's thread: what wakes it, what it serves, how it ends.
#include "chains/grpc/reactor.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <random>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/blocking.h"
#include "chains/grpc/run_on.h"

namespace chains {
namespace {

// Counts up on one thread, waits on another.
class Counter {
 public:
  void Add() {
    std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  // False when it does not get there within a minute.
  bool WaitFor(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return count_ >= count; });
  }
  int count() {
    std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;  // guarded by mutex_
};

// One eventfd below an epoll descriptor.
class EventPoller final : public Poller {
 public:
  explicit EventPoller(Counter& seen)
      : seen_(seen), epoll_(epoll_create1(0)), event_(eventfd(0, EFD_NONBLOCK)) {
    epoll_event interest{};
    interest.events = EPOLLIN;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &interest);
  }
  ~EventPoller() override {
    close(event_);
    close(epoll_);
  }
  int fd() const override { return epoll_; }
  int Poll() override {
    epoll_event event{};
    if (epoll_wait(epoll_, &event, 1, 0) != 1) return 0;
    eventfd_t value = 0;
    if (eventfd_read(event_, &value) == 0) seen_.Add();
    if (seen_.count() < signal_until_) Signal();
    return 1;
  }
  // Every signal makes the next, up to so many: the poller is never done before.
  void SignalUntil(int count) { signal_until_ = count; }
  void Signal() { eventfd_write(event_, 1); }

 private:
  Counter& seen_;
  int signal_until_ = 0;
  const int epoll_;
  const int event_;
};

class ReactorTest : public ::testing::Test {
 protected:
  WorkerPool workers_;
  Reactor reactor_{workers_};
};

TEST_F(ReactorTest, PostedWorkRunsOnItsThread) {
  reactor_.Start();
  Counter ran;
  bool in_loop = false;
  reactor_.Post([&] {
    in_loop = reactor_.InLoop();
    ran.Add();
  });
  EXPECT_TRUE(ran.WaitFor(1));
  EXPECT_TRUE(in_loop);
  EXPECT_FALSE(reactor_.InLoop());
}

TEST_F(ReactorTest, PostsToABusyThreadCostOneWakeUp) {
  reactor_.Start();
  std::latch holds(1), may_go(1);
  reactor_.Post([&] {
    holds.count_down();
    may_go.wait();
  });
  holds.wait();
  const uint64_t before = reactor_.wake_ups();
  Counter ran;
  for (int i = 0; i < 10'000; ++i) reactor_.Post([&] { ran.Add(); });
  may_go.count_down();
  EXPECT_TRUE(ran.WaitFor(10'000));
  EXPECT_LE(reactor_.wake_ups(), before + 1);
}

TEST_F(ReactorTest, PostsFromItsOwnThreadCostNoWakeUp) {
  reactor_.Start();
  Counter ran;
  uint64_t before = 0;
  reactor_.Post([&] {
    before = reactor_.wake_ups();
    for (int i = 0; i < 100; ++i) reactor_.Post([&] { ran.Add(); });
  });
  EXPECT_TRUE(ran.WaitFor(100));
  EXPECT_EQ(reactor_.wake_ups(), before);
}

TEST_F(ReactorTest, NoWakeUpIsLost) {
  reactor_.Start();
  Counter ran;
  constexpr int kRounds = 20'000;
  for (int i = 1; i <= kRounds; ++i) {
    reactor_.Post([&] { ran.Add(); });
    ASSERT_TRUE(ran.WaitFor(i)) << "round " << i;
  }
  EXPECT_LE(reactor_.wake_ups(), static_cast<uint64_t>(kRounds));
}

TEST_F(ReactorTest, NoWakeUpIsLostBetweenManyThreads) {
  reactor_.Start();
  Counter ran;
  constexpr int kThreads = 4, kRounds = 5'000;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kRounds; ++i) {
          std::latch done(1);
          reactor_.Post([&] {
            ran.Add();
            done.count_down();
          });
          done.wait();
        }
      });
    }
  }
  EXPECT_EQ(ran.count(), kThreads * kRounds);
}

TEST_F(ReactorTest, APollerIsServedFromIdle) {
  Counter seen;
  EventPoller poller(seen);
  reactor_.Attach(poller);
  reactor_.Start();
  constexpr int kEdges = 20'000;
  for (int i = 1; i <= kEdges; ++i) {
    poller.Signal();
    ASSERT_TRUE(seen.WaitFor(i)) << "edge " << i;
  }
  EXPECT_LE(reactor_.wake_ups(), static_cast<uint64_t>(kEdges));
  reactor_.Stop();
}

TEST_F(ReactorTest, APollerThatIsBusyNeedsNoWatcher) {
  Counter seen;
  EventPoller poller(seen);
  constexpr int kSignals = 10'000;
  poller.SignalUntil(kSignals);
  reactor_.Attach(poller);
  reactor_.Start();
  poller.Signal();
  ASSERT_TRUE(seen.WaitFor(kSignals));
  // The first wakes it, and the second may find it on its way to rest.
  EXPECT_LE(reactor_.watcher_wakes(), 3u);
  reactor_.Stop();
}

// What is posted, and what the poller has, is found by looking where nobody wakes the thread.
TEST_F(ReactorTest, ALookForItselfThatFindsNothingIsNoLostWakeUp) {
  Counter seen;
  EventPoller poller(seen);
  reactor_.Attach(poller);
  reactor_.LookEvery(absl::Milliseconds(1));
  reactor_.Start();
  Counter fired;
  reactor_.Post([&] { fired.Add(); });
  ASSERT_TRUE(fired.WaitFor(1));
  while (reactor_.rests() < 10) std::this_thread::yield();
  EXPECT_EQ(reactor_.lost_wake_ups(), 0u);
  reactor_.Stop();
}

// Readable, but what it says of itself came too late: its descriptor is another's.
class MutePoller final : public Poller {
 public:
  explicit MutePoller(Poller& poller) : poller_(poller) {}
  ~MutePoller() override { close(mute_); }
  int fd() const override { return muted_ ? mute_ : poller_.fd(); }
  int Poll() override { return poller_.Poll(); }
  void Speak() { muted_ = false; }

 private:
  Poller& poller_;
  const int mute_ = epoll_create1(0);
  std::atomic<bool> muted_{true};
};

TEST_F(ReactorTest, ALostWakeUpIsFoundAndCounted) {
  Counter seen;
  EventPoller poller(seen);
  MutePoller mute(poller);
  reactor_.Attach(mute);  // watches a descriptor that never says a thing
  mute.Speak();
  reactor_.LookEvery(absl::Milliseconds(20));
  reactor_.Start();
  while (reactor_.rests() < 1) std::this_thread::yield();
  poller.Signal();
  while (reactor_.lost_wake_ups() == 0) std::this_thread::yield();
  reactor_.Stop();
}

// Signals and posts come at every distance from the moment when the thread goes to rest.
TEST_F(ReactorTest, APollerIsServedBetweenOtherWork) {
  Counter seen;
  EventPoller poller(seen);
  reactor_.Attach(poller);
  reactor_.Start();
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::minstd_rand random(seed);
  Counter ran;
  constexpr int kEdges = 20'000;
  int posted = 0;
  for (int i = 1; i <= kEdges; ++i) {
    if (random() % 2 == 0) {
      ++posted;
      reactor_.Post([&] { ran.Add(); });
    }
    for (unsigned spin = random() % 2000; spin > 0; --spin)
      std::atomic_signal_fence(std::memory_order_seq_cst);
    poller.Signal();
    ASSERT_TRUE(seen.WaitFor(i)) << "edge " << i;
  }
  EXPECT_TRUE(ran.WaitFor(posted));
  reactor_.Stop();
}

Task<int> SleepAndReturn(absl::Duration duration, int value) {
  co_await Sleep(duration);
  co_return value;
}

TEST_F(ReactorTest, TimersFireWhileNothingElseHappens) {
  reactor_.Start();
  const absl::Time before = absl::Now();
  absl::StatusOr<int> value =
      RunOn(reactor_, [] { return SleepAndReturn(absl::Milliseconds(20), 7); });
  EXPECT_EQ(*value, 7);
  EXPECT_GE(absl::Now() - before, absl::Milliseconds(20));
}

TEST_F(ReactorTest, RunOnEnforcesTheDeadline) {
  reactor_.Start();
  absl::StatusOr<int> value = RunOn(
      reactor_, [] { return SleepAndReturn(absl::Hours(1), 7); },
      Context().WithDeadline(absl::Now() + absl::Milliseconds(10)));
  EXPECT_EQ(value.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ReactorTest, RunOnItsOwnThreadIsRefused) {
  reactor_.Start();
  absl::Status inside;
  Counter ran;
  reactor_.Post([&] {
    inside = RunOn(reactor_, [] { return SleepAndReturn(absl::ZeroDuration(), 7); }).status();
    ran.Add();
  });
  ASSERT_TRUE(ran.WaitFor(1));
  EXPECT_EQ(inside.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ReactorTest, StopEndsWhatRunsOnIt) {
  reactor_.Start();
  std::jthread stopper;
  absl::StatusOr<int> value = RunOn(reactor_, [&] {
    stopper = std::jthread([&] { reactor_.Stop(); });
    return SleepAndReturn(absl::Hours(1), 7);
  });
  EXPECT_EQ(value.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ReactorTest, RunOnAStoppedReactorIsRefused) {
  reactor_.Start();
  reactor_.Stop();
  absl::StatusOr<int> value = RunOn(reactor_, [] { return SleepAndReturn(absl::Hours(1), 7); });
  EXPECT_EQ(value.status().code(), absl::StatusCode::kUnavailable);
}

Task<int> Block(std::latch& began, std::latch& may_end, std::atomic<bool>& ended) {
  co_await Blocking([&] {
    began.count_down();
    may_end.wait();
    ended = true;
  });
  co_return 7;
}

TEST_F(ReactorTest, StopWaitsForBlockingWork) {
  reactor_.Start();
  std::latch began(1), may_end(1);
  std::atomic<bool> ended = false;
  std::thread caller(
      [&] { RunOn(reactor_, [&] { return Block(began, may_end, ended); }).IgnoreError(); });
  began.wait();
  std::thread stopper([&] {
    reactor_.Stop();
    EXPECT_TRUE(ended);
  });
  caller.join();  // Stop has dropped the task
  may_end.count_down();
  stopper.join();
}

TEST_F(ReactorTest, StopWaitsForWhatItHosts) {
  reactor_.Start();
  reactor_.HostingStarts();
  std::atomic<bool> ended = false;
  std::thread caller(
      [&] { RunOn(reactor_, [] { return SleepAndReturn(absl::Hours(1), 7); }).IgnoreError(); });
  std::thread stopper([&] {
    reactor_.Stop();
    EXPECT_TRUE(ended);
  });
  caller.join();  // Stop has dropped the task
  reactor_.Post([&] {
    ended = true;
    reactor_.HostingEnds();
  });
  stopper.join();
}

TEST_F(ReactorTest, AReactorThatNeverRanStops) { reactor_.Stop(); }

}  // namespace
}  // namespace chains
