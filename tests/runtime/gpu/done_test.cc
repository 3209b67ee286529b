// `co_await gpu.Done(stream)`: who is resumed when, what is dropped, and what fails.
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/timing.h"
#include "chains/core/wait.h"
#include "chains/gpu/status.h"
#include "chains/gpu/worker.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "pretend.h"

namespace chains::gpu {
namespace {

using ::testing::AllOf;
using testing::FakeClock;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Running;
using testing::StatusIs;

class DoneTest : public PretendedTest {
 protected:
  std::unique_ptr<Worker> worker_ = *Worker::Open(PretendedModule(), 0, {});
};

// Waits for work that ends at Pretended::release(); `ended` counts frames, `resumed` what went on.
struct Counts {
  int ended = 0;
  int resumed = 0;
};

class Witness {
 public:
  explicit Witness(int& ended) : ended_(ended) {}
  Witness(const Witness&) = delete;
  ~Witness() { ++ended_; }

 private:
  int& ended_;
};

Task<void> Held(Worker& worker, Counts& counts) {
  const Witness witness(counts.ended);
  Stream stream = co_await worker.OpenStream();
  abi::Stream* on = co_await stream.Use();
  Pretend().hold(on);
  co_await worker.Done(stream);
  ++counts.resumed;
}

void OneTurn(LocalLoop& loop) {
  bool ran = false;
  loop.Post([&ran] { ran = true; });
  loop.RunUntil([&ran] { return ran; });
}

TEST_F(DoneTest, LetsOthersRunMeanwhile) {
  FakeClock clock;
  Counts counts;
  {
    Running<void> held(clock, Held(*worker_, counts));
    auto other = []() -> Task<int> { co_return 5; };
    Running<int> meanwhile(clock, other());
    clock.RunUntil([&] { return meanwhile.done(); });
    EXPECT_FALSE(held.done());
    EXPECT_EQ(clock.blocking(), 1U);
    EXPECT_EQ(PretendedModule().counts(0).queue.load(), 1);
    Pretend().release();
    clock.RunUntil([&] { return held.done(); });
    EXPECT_THAT(held.outcome(), IsOk());
    EXPECT_EQ(counts.resumed, 1);
  }
  EXPECT_EQ(clock.blocking(), 0U);
  EXPECT_EQ(PretendedModule().counts(0).queue.load(), 0);
}

TEST_F(DoneTest, ResumesOnTheLoopThatWaited) {
  auto where = [](Worker& worker) -> Task<bool> {
    const std::thread::id here = std::this_thread::get_id();
    Stream stream = co_await worker.OpenStream();
    co_await stream.Use();
    co_await worker.Done(stream);
    co_return here == std::this_thread::get_id();
  };
  EXPECT_THAT(Wait(where(*worker_)), IsOkAndHolds(true));
}

TEST_F(DoneTest, IsThereAtOnceWhenNothingWasGiven) {
  auto nothing = [](Worker& worker) -> Task<size_t> {
    Stream stream = co_await worker.OpenStream();
    co_await worker.Done(stream);
    co_await stream.Use();
    co_await worker.Done(stream);
    co_await worker.Done(stream);
    co_return stream.idle() ? 1 : 0;
  };
  EXPECT_THAT(Wait(nothing(*worker_)), IsOkAndHolds(1U));
}

TEST_F(DoneTest, WorkOfManyStreamsEndsOnItsOwn) {
  auto one = [](Worker& worker, float value) -> Task<float> {
    Stream stream = co_await worker.OpenStream();
    Memory memory = co_await stream.PinnedMemory(sizeof(float));
    *memory.as<float>() = value;
    const ScaleExport* exported = co_await worker.module().Export<ScaleExport>(kScaleName);
    for (int i = 0; i < 50; ++i) {
      abi::Stream* on = co_await stream.Use();
      co_await Call(exported->scale, on, memory.as<float>(), 1, i % 2 == 0 ? 2.0F : 0.5F);
      co_await worker.Done(stream);
    }
    co_return *memory.as<float>();
  };
  std::vector<Task<float>> all;
  for (int i = 0; i < 20; ++i) all.push_back(one(*worker_, static_cast<float>(i)));
  absl::StatusOr<std::vector<float>> values = Wait(All(std::move(all)));
  ASSERT_TRUE(values.ok()) << values.status();
  for (int i = 0; i < 20; ++i) EXPECT_EQ((*values)[static_cast<size_t>(i)], static_cast<float>(i));
}

TEST_F(DoneTest, SeveralLoopsEachHaveTheirWorker) {
  constexpr int kLoops = 4;
  std::vector<absl::Status> outcomes(kLoops);
  std::vector<std::thread> threads;
  for (absl::Status& outcome : outcomes) {
    threads.emplace_back([&outcome] {
      std::unique_ptr<Worker> worker = *Worker::Open(PretendedModule(), 0, {});
      auto often = [](Worker& gpu) -> Task<void> {
        for (int i = 0; i < 200; ++i) {
          Stream stream = co_await gpu.OpenStream();
          co_await stream.Use();
          co_await gpu.Done(stream);
        }
      };
      std::vector<Task<void>> tasks;
      for (int i = 0; i < 4; ++i) tasks.push_back(often(*worker));
      outcome = Wait(All(std::move(tasks))).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& outcome : outcomes) EXPECT_THAT(outcome, IsOk());
}

TEST_F(DoneTest, WhoIsDroppedNeverGoesOnAndTheLoopStaysForTheCallback) {
  FakeClock clock;
  Counts counts;
  {
    Running<void> held(clock, Held(*worker_, counts));
    OneTurn(clock);
    EXPECT_EQ(clock.blocking(), 1U);
  }
  EXPECT_EQ(counts.ended, 1);  // at once
  EXPECT_EQ(clock.blocking(), 1U);
  Pretend().release();
  clock.RunUntil([&clock] { return clock.blocking() == 0; });
  EXPECT_EQ(counts.resumed, 0);
}

TEST_F(DoneTest, AWorkerMayGoBeforeTheCallbackIsHeard) {
  FakeClock clock;
  Counts counts;
  {
    Running<void> held(clock, Held(*worker_, counts));
    OneTurn(clock);
  }
  Pretend().release();
  worker_.reset();  // the callback has come, and waits for the loop
  clock.RunUntil([&clock] { return clock.blocking() == 0; });
  EXPECT_EQ(counts.resumed, 0);
}

TEST_F(DoneTest, ADeadlineEndsTheWait) {
  FakeClock clock;
  Counts counts;
  {
    Running<void> held(clock, WithTimeout(Held(*worker_, counts), absl::Seconds(1)));
    OneTurn(clock);
    clock.Advance(absl::Seconds(2));
    clock.RunUntil([&] { return held.done(); });
    EXPECT_THAT(held.outcome(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  EXPECT_EQ(counts.ended, 1);
  Pretend().release();
  clock.RunUntil([&clock] { return clock.blocking() == 0; });
  EXPECT_EQ(counts.resumed, 0);
}

TEST_F(DoneTest, SaysThatTheWorkFailedAndWhereItWasWaitedFor) {
  auto crashes = [](Worker& worker) -> Task<void> {
    Stream stream = co_await worker.OpenStream();
    abi::Stream* on = co_await stream.Use();
    Pretend().crash(on);
    co_await worker.Done(stream);
  };
  EXPECT_THAT(Wait(crashes(*worker_)),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("cudaErrorIllegalAddress"), HasSubstr("done_test.cc:"))));
}

TEST_F(DoneTest, SaysThatItCannotBeWaitedFor) {
  auto waits = [](Worker& worker) -> Task<void> {
    Stream stream = co_await worker.OpenStream();
    co_await stream.Use();
    Pretend().refuse_to_finish();
    co_await worker.Done(stream);
  };
  EXPECT_THAT(Wait(waits(*worker_)),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("takes no more"), HasSubstr("done_test.cc:"))));
  EXPECT_EQ(PretendedModule().counts(0).queue.load(), 0);
}

TEST_F(DoneTest, TwoMayWaitForOneStream) {
  FakeClock clock;
  Stream stream = *worker_->OpenStream();
  Pretend().hold(*stream.Use());
  auto waits = [](Worker& worker, Stream& on) -> Task<void> { co_await worker.Done(on); };
  Running<void> first(clock, waits(*worker_, stream));
  Running<void> second(clock, waits(*worker_, stream));
  OneTurn(clock);
  EXPECT_EQ(PretendedModule().counts(0).queue.load(), 2);
  Pretend().release();
  clock.RunUntil([&] { return first.done() && second.done(); });
  EXPECT_TRUE(stream.idle());
}

}  // namespace
}  // namespace chains::gpu
