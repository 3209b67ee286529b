// Blocking work whose coroutine is dropped: it never runs, or its frames stay until it returns;
// none of their code runs afterwards.
#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/blocking.h"
#include "chains/core/gate.h"
#include "chains/testing/probe.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::FakeClock;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Running;
using testing::SharedProbe;
using testing::StatusIs;

class BlockingDropTest : public ::testing::Test {
 public:
  // Waits on a worker for release_, then counts itself in resumed_.
  static Task<int> Works(BlockingDropTest& test, std::string local) {
    Witness witness(test.destroyed_);
    co_await Blocking([&] {
      test.started_.Arrive();
      test.release_.BlockUntil(1);
      test.length_ += local.size();  // the local is still there
    });
    ++test.resumed_;
    co_return 1;
  }
  Task<int> Works() { return Works(*this, std::string(100, 'x')); }

  SharedProbe started_;
  SharedProbe release_;
  std::atomic<size_t> length_ = 0;
  int destroyed_ = 0;
  int resumed_ = 0;
  FakeClock clock_{{.threads = 1}};
};

TEST_F(BlockingDropTest, BeforeAThreadTookItItNeverRuns) {
  auto runs = [](std::atomic<bool>& ran) -> Task<void> { co_await Blocking([&] { ran = true; }); };
  std::atomic<bool> ran = false;
  Running<int> works(clock_, Works());
  started_.BlockUntil(1);
  { Running<void> waits_for_the_thread(clock_, runs(ran)); }
  release_.Arrive();
  clock_.Settle();
  EXPECT_TRUE(works.done());
  EXPECT_FALSE(ran);
}

TEST_F(BlockingDropTest, WhileItRunsTheFrameStaysUntilItReturns) {
  {
    Running<int> works(clock_, Works());
    started_.BlockUntil(1);
  }
  EXPECT_EQ(destroyed_, 0);
  EXPECT_EQ(clock_.blocking(), 1u);
  release_.Arrive();
  clock_.Settle();
  EXPECT_EQ(length_, 100u);
  EXPECT_EQ(destroyed_, 1);
  EXPECT_EQ(resumed_, 0);
}

TEST_F(BlockingDropTest, AwaitingFramesStayTooAndNoneOfTheirCodeRuns) {
  auto outer = [](Task<int> inner, int& destroyed, int& resumed) -> Task<int> {
    Witness witness(destroyed);
    absl::StatusOr<int> outcome = co_await Outcome(std::move(inner));
    ++resumed;
    co_return 1;
  };
  {
    Running<int> works(clock_, outer(Works(), destroyed_, resumed_));
    started_.BlockUntil(1);
  }
  EXPECT_EQ(destroyed_, 0);
  release_.Arrive();
  clock_.Settle();
  EXPECT_EQ(destroyed_, 2);
  EXPECT_EQ(resumed_, 0);
}

TEST_F(BlockingDropTest, ATimeoutGoesOnWithoutWaitingForTheWorker) {
  auto tries = [](BlockingDropTest& test) -> Task<int> {
    internal::Here::Place here = co_await internal::Here();
    static_cast<FakeClock&>(here.loop()).Advance(absl::Seconds(2));
    absl::StatusOr<int> late = co_await Outcome(WithTimeout(test.Works(), absl::Seconds(1)));
    co_return absl::IsDeadlineExceeded(late.status()) ? test.destroyed_ : -1;
  };
  Running<int> running(clock_, tries(*this));
  started_.BlockUntil(1);
  clock_.Advance(absl::Seconds(5));
  clock_.RunUntil([&] { return running.done(); });
  EXPECT_THAT(running.outcome(), IsOkAndHolds(0));  // the worker still had the frame
  release_.Arrive();
  clock_.Settle();
  EXPECT_EQ(destroyed_, 1);
  EXPECT_EQ(resumed_, 0);
}

TEST_F(BlockingDropTest, SiblingsOfTheWorkAreAbandonedAtOnce) {
  auto ticks = [](int& count, int& destroyed) -> Task<int> {
    Witness witness(destroyed);
    while (true) {
      co_await Sleep(absl::Seconds(1));
      ++count;
    }
  };
  auto enters = [](Gate& gate) -> Task<int> {
    Permit permit = co_await gate.Enter();
    co_return 1;
  };
  Gate gate({.what = "", .limit = 1});
  int count = 0;
  {
    Running<Permit> inside(
        clock_, [](Gate& entered) -> Task<Permit> { co_return co_await entered.Enter(); }(gate));
    clock_.Settle();
    {
      std::vector<Task<int>> tasks;
      tasks.push_back(Works());
      tasks.push_back(ticks(count, destroyed_));
      tasks.push_back(WithTimeout(ticks(count, destroyed_), absl::Minutes(1)));
      tasks.push_back(enters(gate));
      Running<std::vector<int>> all(clock_, All(std::move(tasks)));
      started_.BlockUntil(1);
      EXPECT_EQ(gate.waiting(), 1u);
    }
    EXPECT_EQ(gate.waiting(), 0u);
    EXPECT_EQ(destroyed_, 0);  // the worker's tree is kept whole, but
    clock_.Advance(absl::Hours(1));
    for (int i = 0; i < 3; ++i) OneTurn(clock_);
    EXPECT_EQ(count, 0);  // nothing in it runs
    release_.Arrive();
    clock_.Settle();
  }
  EXPECT_EQ(destroyed_, 3);
  EXPECT_EQ(count, 0);
  EXPECT_EQ(gate.inside(), 0u);
}

TEST_F(BlockingDropTest, OfSeveralWorkersTheLastOneEndsTheTree) {
  FakeClock clock({.threads = 2});
  SharedProbe first_out;
  auto works = [](SharedProbe& in, SharedProbe& out, int& destroyed) -> Task<int> {
    Witness witness(destroyed);
    co_await Blocking([&] {
      in.Arrive();
      out.BlockUntil(1);
    });
    co_return 1;
  };
  {
    std::vector<Task<int>> tasks;
    tasks.push_back(works(started_, first_out, destroyed_));
    tasks.push_back(works(started_, release_, destroyed_));
    Running<std::vector<int>> all(clock, All(std::move(tasks)));
    started_.BlockUntil(2);
  }
  first_out.Arrive();
  clock.RunUntil([&] { return clock.blocking() == 1; });
  EXPECT_EQ(destroyed_, 0);
  release_.Arrive();
  clock.Settle();
  EXPECT_EQ(destroyed_, 2);
}

TEST_F(BlockingDropTest, AnOrphanLeavesTheTreeItWasTakenFrom) {
  auto tries = [](BlockingDropTest& test) -> Task<int> {
    std::vector<Task<int>> tasks;
    tasks.push_back(test.Works());
    tasks.push_back(FailsOnce(test.started_, absl::AbortedError("sibling")));
    absl::StatusOr<std::vector<int>> all = co_await Outcome(All(std::move(tasks)));
    co_return all.ok() ? -1 : test.destroyed_;
  };
  {
    Running<int> running(clock_, tries(*this));
    clock_.RunUntil([&] { return running.done(); });
    EXPECT_THAT(running.outcome(), IsOkAndHolds(0));
  }  // not pinned any more: destroyed at once, while the orphan is kept
  release_.Arrive();
  clock_.Settle();
  EXPECT_EQ(destroyed_, 1);
  EXPECT_EQ(resumed_, 0);
}

// Waits for ever; what abandons it ends another task, as a call's reader ends its writer.
class EndsAnother {
 public:
  explicit EndsAnother(std::optional<Running<int>>& other) : other_(other) {}
  class Awaiter final : public internal::Leaf {
   public:
    Awaiter(std::optional<Running<int>>& other, internal::Promise& waiter)
        : Leaf(waiter), other_(other) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<>) { Suspended(); }
    void await_resume() const {}

   private:
    void Abandon() noexcept override { other_.reset(); }
    std::optional<Running<int>>& other_;
  };
  Awaiter Bind(internal::Promise& waiter) && { return Awaiter(other_, waiter); }

 private:
  std::optional<Running<int>>& other_;
};

TEST_F(BlockingDropTest, AbandoningALeafMayEndTheTaskOfTheNext) {
  auto ends = [](std::optional<Running<int>>& other) -> Task<int> {
    co_await EndsAnother(other);
    co_return 1;
  };
  std::optional<Running<int>> other;
  int ended = 0;
  {
    std::vector<Task<int>> tasks;
    tasks.push_back(Works());
    tasks.push_back(ends(other));
    Running<std::vector<int>> all(clock_, All(std::move(tasks)));
    other.emplace(clock_, Never(ended, resumed_));  // its leaf is the next
    started_.BlockUntil(1);
  }
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(destroyed_, 0);
  release_.Arrive();
  clock_.Settle();
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(BlockingDropTest, AWorkerIsAskedToStop) {
  auto works = [](SharedProbe& started, std::atomic<bool>& asked) -> Task<void> {
    co_await Blocking([&](std::stop_token stop) {
      SharedProbe stopped;
      std::stop_callback wakes(stop, [&] { stopped.Arrive(); });
      started.Arrive();
      stopped.BlockUntil(1);
      asked = true;
    });
  };
  std::atomic<bool> asked = false;
  {
    Running<void> running(clock_, works(started_, asked));
    started_.BlockUntil(1);
  }
  clock_.Settle();
  EXPECT_TRUE(asked);
}

TEST_F(BlockingDropTest, DroppedAfterTheWorkReturnedButBeforeItsCoroutineRan) {
  auto works = [](SharedProbe& done, int& resumed, int& destroyed) -> Task<void> {
    Witness witness(destroyed);
    co_await Blocking([&] { done.Arrive(); });
    ++resumed;
  };
  for (int i = 0; i < 100; ++i) {
    SharedProbe done;
    {
      Running<void> running(clock_, works(done, resumed_, destroyed_));
      done.BlockUntil(1);
    }
    clock_.Settle();
    ASSERT_EQ(destroyed_, i + 1);
  }
  EXPECT_EQ(resumed_, 0);
}

TEST_F(BlockingDropTest, WaitReturnsAfterTheWorkThatADroppedTaskLeftBehind) {
  auto fails_beside = [](BlockingDropTest& test) -> Task<void> {
    std::vector<Task<int>> tasks;
    tasks.push_back(test.Works());
    tasks.push_back([](SharedProbe& release) -> Task<int> {
      release.Arrive();
      co_return absl::AbortedError("sibling");
    }(test.release_));
    std::vector<int> values = co_await All(std::move(tasks));
  };
  EXPECT_THAT(Wait(fails_beside(*this), clock_), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(destroyed_, 1);
  EXPECT_EQ(resumed_, 0);
}

// A hundred requests with workers, half of which are dropped at a random moment by a sibling.
TEST_F(BlockingDropTest, ManyDropsAtAnyMomentLeaveNothingBehind) {
  auto work = [](int i) -> Task<int> {
    auto local = std::make_unique<int>(i);
    int sum = 0;
    for (int round = 0; round < 3; ++round) sum += co_await Blocking([&] { return *local; });
    co_return sum;
  };
  FakeClock clock({.threads = 4});
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<Running<int>>> calls;
    for (int i = 0; i < 100; ++i) calls.push_back(std::make_unique<Running<int>>(clock, work(i)));
    for (int i = 0; i < 100; i += 2) {
      OneTurn(clock);
      calls[i] = nullptr;
    }
    clock.Settle();
    for (int i = 1; i < 100; i += 2) EXPECT_THAT(calls[i]->outcome(), IsOkAndHolds(3 * i));
  }
  EXPECT_EQ(clock.blocking(), 0u);
}

}  // namespace
}  // namespace chains
