#include "decoder_pool.h"

#include <atomic>
#include <barrier>
#include <future>
#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "absl/status/status.h"

namespace transcribe {
namespace {

using Work = std::function<absl::StatusOr<std::string>()>;

class FakeDecoder final : public Decoder {
 public:
  explicit FakeDecoder(Work work) : work_(std::move(work)) {}
  absl::StatusOr<std::string> Decode(std::span<const int16_t>) override { return work_(); }

 private:
  Work work_;
};

// Counts what it makes.
DecoderPool::Load Counting(std::atomic<int>& made, Work work) {
  return [&made, work]() -> absl::StatusOr<std::unique_ptr<Decoder>> {
    ++made;
    return std::make_unique<FakeDecoder>(work);
  };
}

absl::StatusOr<std::string> Decode(DecoderPool& pool) { return pool.Decode({}, std::stop_token()); }

TEST(DecoderPoolTest, MakesADecoderWhenItIsNeededAndKeepsIt) {
  std::atomic<int> made = 0;
  DecoderPool pool(Counting(made, [] { return "words"; }), 3);
  EXPECT_EQ(made, 0);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Decode(pool).value(), "words");
  EXPECT_EQ(made, 1);
}

TEST(DecoderPoolTest, DecodesOnSeveralThreadsAtOnce) {
  std::atomic<int> made = 0;
  std::barrier together(3);  // nobody leaves before all three are there
  auto meet = [&] {
    together.arrive_and_wait();
    return "met";
  };
  DecoderPool pool(Counting(made, meet), 3);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(Decode(pool).value(), "met"); });
  }
  threads.clear();
  EXPECT_EQ(made, 3);
}

TEST(DecoderPoolTest, MakesNoMoreThanItsLimit) {
  std::atomic<int> made = 0;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  auto count = [&] {
    const int now = ++running;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::yield();
    --running;
    return "words";
  };
  DecoderPool pool(Counting(made, count), 2);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) EXPECT_EQ(Decode(pool).value(), "words");
    });
  }
  threads.clear();
  EXPECT_LE(made, 2);
  EXPECT_LE(most, 2);
}

TEST(DecoderPoolTest, StopsWaitingWhenItIsAskedTo) {
  std::atomic<int> made = 0;
  std::latch busy(1);
  std::latch finish(1);
  auto wait = [&] {
    busy.count_down();
    finish.wait();
    return "words";
  };
  DecoderPool pool(Counting(made, wait), 1);
  std::jthread holder([&] { EXPECT_EQ(Decode(pool).value(), "words"); });
  busy.wait();
  std::stop_source stop;
  auto waiting = std::async(std::launch::async, [&] { return pool.Decode({}, stop.get_token()); });
  stop.request_stop();
  EXPECT_EQ(waiting.get().status().code(), absl::StatusCode::kCancelled);
  finish.count_down();
}

TEST(DecoderPoolTest, TriesAgainAfterADecoderCouldNotBeLoaded) {
  int attempts = 0;
  auto load = [&]() -> absl::StatusOr<std::unique_ptr<Decoder>> {
    if (++attempts == 1) return absl::FailedPreconditionError("no model");
    return std::make_unique<FakeDecoder>([] { return "words"; });
  };
  DecoderPool pool(load, 1);
  EXPECT_EQ(Decode(pool).status(), absl::FailedPreconditionError("no model"));
  EXPECT_EQ(Decode(pool).value(), "words");
}

TEST(DecoderPoolTest, DoesNotUseADecoderAgainThatFailed) {
  std::atomic<int> made = 0;
  auto fail_first = [&]() -> absl::StatusOr<std::string> {
    if (made == 1) return absl::InternalError("broken");
    return "words";
  };
  DecoderPool pool(Counting(made, fail_first), 1);
  EXPECT_EQ(Decode(pool).status(), absl::InternalError("broken"));
  EXPECT_EQ(Decode(pool).value(), "words");
  EXPECT_EQ(made, 2);
}

}  // namespace
}  // namespace transcribe
