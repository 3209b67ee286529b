// Batcher between several loops, each on a thread of its own, in real time.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/batch/batcher.h"
#include "chains/core/local_loop.h"
#include "chains/testing/probe.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::IsOkAndHolds;
using testing::SharedProbe;

// A loop's thread, and roots that it runs. It ends as a Reactor does: drops its roots, then waits
// for what it hosts.
class LoopThread {
 public:
  explicit LoopThread(WorkerPool& workers) : loop_(workers), thread_([this] { Run(); }) {}
  LoopThread(const LoopThread&) = delete;
  ~LoopThread() { End(); }
  void End() {
    if (!thread_.joinable()) return;
    loop_.Post([this] {
      roots_.clear();
      ends_ = true;
      dropped_.Arrive();
    });
    thread_.join();
  }

  // Runs a task of `batcher`; `done` gets its outcome, on the loop's thread.
  void Call(Doubler& batcher, int request, std::function<void(absl::StatusOr<int>)> done,
            Context context = {}) {
    loop_.Post([this, &batcher, request, done = std::move(done), context] {
      const int id = next_++;
      roots_[id] = std::make_unique<internal::Root<int>>(
          loop_, context, batcher.Run(request), [this, id, done](absl::StatusOr<int> outcome) {
            done(std::move(outcome));
            roots_.erase(id);
          });
      roots_[id]->Start();
    });
  }
  // Drops what runs.
  void DropAll() {
    loop_.Post([this] { roots_.clear(); });
  }
  // Arrives when it ends, once its roots are gone.
  SharedProbe& dropped() { return dropped_; }
  Loop& loop() { return loop_; }

 private:
  void Run() {
    loop_.RunUntil([this] { return ends_ && loop_.hosted() == 0 && loop_.blocking() == 0; });
  }

  LocalLoop loop_;
  SharedProbe dropped_;
  bool ends_ = false;
  int next_ = 0;
  std::map<int, std::unique_ptr<internal::Root<int>>> roots_;
  std::thread thread_;
};

// A function that says where it ran, and goes on when it is let.
class Held {
 public:
  auto AsFunction() {
    return [this](std::vector<int> requests) { return Run(*this, std::move(requests)); };
  }
  SharedProbe started, release, ended;
  std::atomic<Loop*> ran_on = nullptr;
  std::atomic<size_t> members = 0;

 private:
  static Task<Doubler::Replies> Run(Held& self, std::vector<int> requests) {
    internal::Here::Place here = co_await internal::Here();
    self.ran_on = &here.loop();
    self.members = requests.size();
    const Ends ends(self.ended);
    self.started.Arrive();
    co_await self.release.AtLeast(1);
    Doubler::Replies replies;
    for (int request : requests) replies.push_back(2 * request);
    co_return replies;
  }
  struct Ends {
    explicit Ends(SharedProbe& probe) : ended(probe) {}
    ~Ends() { ended.Arrive(); }
    SharedProbe& ended;
  };
};

class BatcherLoopsTest : public ::testing::Test {
 public:
  static void UntilOneWaits(const Doubler& batcher) {
    const absl::Time end = absl::Now() + absl::Seconds(30);
    while (batcher.counts().queued == 0 && absl::Now() < end) std::this_thread::yield();
    ASSERT_EQ(batcher.counts().queued, 1u);
  }
  template <typename F>
  std::unique_ptr<Doubler> Make(BatchOptions options, F function) {
    return *Doubler::Create(std::move(options), std::move(function));
  }
  // Notes an outcome, then arrives.
  std::function<void(absl::StatusOr<int>)> Note(absl::StatusOr<int>& outcome, SharedProbe& probe) {
    return [&](absl::StatusOr<int> got) {
      outcome = std::move(got);
      probe.Arrive();
    };
  }

  WorkerPool workers_{{.threads = 2}};
};

TEST_F(BatcherLoopsTest, MembersOfTwoLoopsAreOneBatchOnTheLoopOfTheOldest) {
  Held function;
  auto batcher = Make({.max_batch = 2, .max_wait = absl::Seconds(60)}, function.AsFunction());
  absl::StatusOr<int> one, two;
  SharedProbe answered;
  LoopThread first(workers_), second(workers_);
  first.Call(*batcher, 1, Note(one, answered));
  UntilOneWaits(*batcher);
  second.Call(*batcher, 2, Note(two, answered));
  function.started.BlockUntil(1);
  EXPECT_EQ(function.ran_on, &first.loop());
  EXPECT_EQ(function.members, 2u);
  function.release.Arrive();
  answered.BlockUntil(2);
  EXPECT_THAT(one, IsOkAndHolds(2));
  EXPECT_THAT(two, IsOkAndHolds(4));
}

TEST_F(BatcherLoopsTest, MaxWaitIsKeptWithoutFurtherCalls) {
  Held function;
  function.release.Arrive();
  auto batcher = Make({.max_batch = 8, .max_wait = absl::Milliseconds(1)}, function.AsFunction());
  absl::StatusOr<int> one;
  SharedProbe answered;
  LoopThread loop(workers_);
  loop.Call(*batcher, 1, Note(one, answered));
  answered.BlockUntil(1);
  EXPECT_THAT(one, IsOkAndHolds(2));
}

TEST_F(BatcherLoopsTest, ALoopThatEndsWaitsForTheBatchThatItHostsForOthers) {
  Held function;
  auto batcher = Make({.max_batch = 2, .max_wait = absl::Seconds(60)}, function.AsFunction());
  absl::StatusOr<int> one, two;
  SharedProbe answered;
  LoopThread host(workers_), other(workers_);
  host.Call(*batcher, 1, Note(one, answered));
  UntilOneWaits(*batcher);
  other.Call(*batcher, 2, Note(two, answered));
  function.started.BlockUntil(1);
  ASSERT_EQ(function.ran_on, &host.loop());
  std::thread ends([&] { host.End(); });
  host.dropped().BlockUntil(1);
  EXPECT_EQ(host.loop().hosted(), 1u);
  function.release.Arrive();
  answered.BlockUntil(1);
  EXPECT_THAT(two, IsOkAndHolds(4));
  ends.join();
}

TEST_F(BatcherLoopsTest, WhenAllMembersAreGoneTheBatchOfAnotherLoopIsDropped) {
  Held function;
  auto batcher = Make({.max_batch = 2, .max_wait = absl::Seconds(60)}, function.AsFunction());
  absl::StatusOr<int> one, two;
  SharedProbe answered;
  LoopThread first(workers_), second(workers_);
  first.Call(*batcher, 1, Note(one, answered));
  UntilOneWaits(*batcher);
  second.Call(*batcher, 2, Note(two, answered));
  function.started.BlockUntil(1);
  first.DropAll();
  second.DropAll();
  function.ended.BlockUntil(1);
  EXPECT_EQ(answered.arrived(), 0u);
  first.End();
  second.End();
  EXPECT_EQ(batcher->counts().running, 0u);
}

TEST_F(BatcherLoopsTest, ALoopThatEndsTakesItsMembersAlongAndNoOthers) {
  Held function;
  function.release.Arrive();
  auto batcher = Make({.max_batch = 3, .max_wait = absl::Seconds(60)}, function.AsFunction());
  absl::StatusOr<int> dropped, two, three, four;
  SharedProbe answered;
  auto gone = std::make_unique<LoopThread>(workers_);
  LoopThread stays(workers_);
  gone->Call(*batcher, 1, Note(dropped, answered));
  UntilOneWaits(*batcher);
  gone = nullptr;
  EXPECT_EQ(batcher->counts().queued, 0u);
  stays.Call(*batcher, 2, Note(two, answered));
  stays.Call(*batcher, 3, Note(three, answered));
  stays.Call(*batcher, 4, Note(four, answered));
  answered.BlockUntil(3);
  EXPECT_THAT(two, IsOkAndHolds(4));
  EXPECT_THAT(four, IsOkAndHolds(8));
}

// Calls from four loops, of which one in three is dropped at some moment; both forms of function.
class BatcherStressTest : public BatcherLoopsTest {
 public:
  void RunMany(Doubler& batcher) {
    constexpr int kCalls = 300;
    std::vector<std::unique_ptr<LoopThread>> loops;
    for (int i = 0; i < 4; ++i) loops.push_back(std::make_unique<LoopThread>(workers_));
    LoopThread dropping(workers_);  // whose calls are dropped
    std::atomic<int> wrong = 0;
    SharedProbe answered;
    std::minstd_rand random(7);
    for (int i = 0; i < kCalls; ++i) {
      const int priority = static_cast<int>(random() % 2);
      for (auto& loop : loops) {
        loop->Call(batcher, i, [&, i](absl::StatusOr<int> got) {
          if (!got.ok() || *got != 2 * i) ++wrong;
          answered.Arrive();
        });
      }
      dropping.Call(batcher, priority, [](const absl::StatusOr<int>&) {});
      if (random() % 8 == 0) dropping.DropAll();
    }
    answered.BlockUntil(kCalls * loops.size());
    EXPECT_EQ(wrong, 0);
    dropping.End();
    for (auto& loop : loops) loop->End();
    const BatchCounts counts = batcher.counts();
    EXPECT_EQ(counts.queued, 0u);
    EXPECT_EQ(counts.running, 0u);
    EXPECT_EQ(counts.failed + counts.refused_full + counts.refused_late, 0u);
    EXPECT_GT(counts.members, counts.batches);
  }
  static BatchOptions Options() {
    return {.max_batch = 16,
            .max_wait = absl::Microseconds(200),
            .max_queued = 100'000,
            .max_running = 2};
  }
};

TEST_F(BatcherStressTest, ACoroutine) {
  auto doubles = [](std::vector<int> requests) -> Task<Doubler::Replies> {
    co_await Sleep(absl::Microseconds(100));
    Doubler::Replies replies;
    for (int request : requests) replies.push_back(2 * request);
    co_return replies;
  };
  auto batcher = Make(Options(), doubles);
  RunMany(*batcher);
}

TEST_F(BatcherStressTest, OnWorkers) {
  auto batcher = Make(Options(), [](const std::vector<int>& requests, const std::stop_token&) {
    Doubler::Replies replies;
    for (int request : requests) replies.push_back(2 * request);
    return replies;
  });
  RunMany(*batcher);
}

}  // namespace
}  // namespace chains
