// Blocking: what work on another thread yields.
#include "chains/core/blocking.h"

#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/testing/probe.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Running;
using testing::SharedProbe;
using testing::StatusIs;

TEST(BlockingTest, YieldsAValueFromAnotherThread) {
  auto elsewhere = []() -> Task<bool> {
    const std::thread::id here = std::this_thread::get_id();
    const std::thread::id there = co_await Blocking([] { return std::this_thread::get_id(); });
    co_return here != there&& here == std::this_thread::get_id();
  };
  EXPECT_THAT(Await(elsewhere()), IsOkAndHolds(true));
}

TEST(BlockingTest, MayUseTheLocalsOfItsCoroutine) {
  auto doubles = [](std::string text) -> Task<std::string> {
    std::string twice;
    co_await Blocking([&] { twice = text + text; });
    co_return twice;
  };
  EXPECT_THAT(Await(doubles("ab")), IsOkAndHolds("abab"));
}

TEST(BlockingTest, YieldsWhatCanOnlyBeMoved) {
  auto makes = []() -> Task<int> {
    std::unique_ptr<int> made = co_await Blocking([] { return std::make_unique<int>(4); });
    co_return *made;
  };
  EXPECT_THAT(Await(makes()), IsOkAndHolds(4));
}

TEST(BlockingTest, AStatusGoesOnOrLeaves) {
  auto checks = [](absl::Status status) -> Task<int> {
    co_await Blocking([&] { return status; });
    co_return 1;
  };
  EXPECT_THAT(Await(checks(absl::OkStatus())), IsOkAndHolds(1));
  EXPECT_THAT(Await(checks(absl::DataLossError("torn"))), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(BlockingTest, AStatusOrYieldsItsValueOrLeaves) {
  auto reads = [](absl::StatusOr<std::string> value) -> Task<std::string> {
    std::string text = co_await Blocking([&] { return value; });
    co_return text;
  };
  EXPECT_THAT(Await(reads("text")), IsOkAndHolds("text"));
  EXPECT_THAT(Await(reads(absl::DataLossError("torn"))), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(BlockingTest, AnExceptionIsInternal) {
  auto throws = []() -> Task<int> { co_return co_await Blocking([] { return Throws(); }); };
  auto throws_int = []() -> Task<void> { co_await Blocking([] { ThrowsInt(); }); };
  EXPECT_THAT(Await(throws()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("exception: vector")));
  EXPECT_THAT(Await(throws_int()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("unknown type")));
}

TEST(BlockingTest, MemoryThatIsNotToBeHadIsUsedUp) {
  auto throws = []() -> Task<int> { co_return co_await Blocking([] { return NoMemory(); }); };
  EXPECT_THAT(Await(throws()),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("declare more")));
}

TEST(BlockingTest, TakesANamedCallableThatOwnsThings) {
  auto works = [](std::string text) -> Task<size_t> {
    auto work = [text = std::move(text)] { return text.size(); };
    const size_t first = co_await Blocking(work);
    const size_t second = co_await Blocking(work);
    co_return first + second;
  };
  EXPECT_THAT(Await(works("a text that does not fit into the string itself")), IsOkAndHolds(94u));
}

TEST(BlockingTest, RunsConcurrentlyInAll) {
  SharedProbe met;
  auto meets = [](SharedProbe& probe) -> Task<void> {
    co_await Blocking([&] {
      probe.Arrive();
      probe.BlockUntil(2);
    });
  };
  std::vector<Task<void>> both;
  both.push_back(meets(met));
  both.push_back(meets(met));
  FakeClock clock({.threads = 2});
  EXPECT_THAT(Wait(All(std::move(both)), clock), IsOk());
}

TEST(BlockingTest, TimeDoesNotJumpWhileWorkIsOut) {
  auto works = [](SharedProbe& release) -> Task<absl::Duration> {
    internal::Here::Place here = co_await internal::Here();
    const absl::Time before = here.loop().Now();
    co_await Blocking([&] { release.BlockUntil(1); });
    co_return here.loop().Now() - before;
  };
  auto releases = [](SharedProbe& release) -> Task<absl::Duration> {
    release.Arrive();
    co_await Sleep(absl::Hours(1));
    co_return absl::Hours(1);
  };
  auto both = [](Task<absl::Duration> a, Task<absl::Duration> b) -> Task<absl::Duration> {
    auto [worked, slept] = co_await All(std::move(a), std::move(b));
    co_return worked;
  };
  SharedProbe release;
  EXPECT_THAT(Await(both(works(release), releases(release))), IsOkAndHolds(absl::ZeroDuration()));
}

TEST(BlockingTest, AFullPoolRefuses) {
  SharedProbe started;
  SharedProbe release;
  auto waits = [](SharedProbe& in, SharedProbe& out) -> Task<void> {
    co_await Blocking([&] {
      in.Arrive();
      out.BlockUntil(1);
    });
  };
  FakeClock clock({.threads = 1, .max_queued = 1});
  Running<void> works(clock, waits(started, release));
  started.BlockUntil(1);
  Running<void> queued(clock, waits(started, release));
  Running<void> refused(clock, waits(started, release));
  release.Arrive();
  clock.Settle();
  EXPECT_THAT(works.outcome(), IsOk());
  EXPECT_THAT(queued.outcome(), IsOk());
  EXPECT_THAT(refused.outcome(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "no thread takes this Blocking work: 1 pieces wait for 1 threads, or the "
                       "system starts none (ulimit -u, pids.max)"));
  EXPECT_EQ(clock.blocking(), 0u);
}

TEST(BlockingTest, ThousandsOfPiecesComeBack) {
  auto works = [](int i) -> Task<int> { co_return co_await Blocking([&] { return i; }); };
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 4'000; ++i) tasks.push_back(works(i));
  absl::StatusOr<std::vector<int>> values = Await(All(std::move(tasks)));
  ASSERT_THAT(values, IsOk());
  for (int i = 0; i < 4'000; ++i) ASSERT_EQ((*values)[i], i);
}

}  // namespace
}  // namespace chains
