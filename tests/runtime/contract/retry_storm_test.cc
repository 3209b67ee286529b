// A leaf that is down, below callers that each would attempt a call three times: its load stays
// what it was, nearly. On a fake clock.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/policy/callee_edge.h"
#include "chains/policy/caller_edge.h"
#include "chains/testing/testing.h"
#include "counter.h"

namespace chains {
namespace {

using testing::FakeClock;
using testing::Running;

constexpr int kDepth = 4;
constexpr int kCallsPerSecond = 200;

class Leaf final : public CountingCounter {
 public:
  Task<Number> One(Number request) override {
    ++ones;
    if (down) co_return absl::UnavailableError("down");
    co_return request;
  }
  bool down = false;
};

class Layer final : public CountingCounter {
 public:
  explicit Layer(Counter& below) : below_(below) {}
  Task<Number> One(Number request) override {
    Number reply = co_await below_.One(std::move(request));
    co_return reply;
  }

 private:
  Counter& below_;
};

// Three layers above a leaf; each with both ends of its edge.
class StormTest : public ::testing::Test {
 protected:
  StormTest() {
    Counter* below = &leaf_;
    for (int i = 0; i < kDepth; ++i) {
      if (i > 0) below = &Own(layers_, std::make_unique<Layer>(*below));
      CalleeEdge& callee = Own(
          callees_, std::make_unique<CalleeEdge>(
                        CalleeEdge::Options{.chainlet = "t.Counter", .replica = "r"}, counters_));
      below = &Own(guards_, std::make_unique<CounterGuard>(*below, callee));
      CallerEdge& caller = Own(callers_, std::make_unique<CallerEdge>(CallerEdge::Options{
                                             .callee = "t.Counter", .attempts = 3}));
      below = &Own(guards_, std::make_unique<CounterGuard>(*below, caller));
    }
    top_ = below;
  }
  template <typename T>
  static T& Own(std::vector<std::unique_ptr<T>>& all, std::unique_ptr<T> one) {
    all.push_back(std::move(one));
    return *all.back();
  }

  void PassASecond() {
    clock_.Advance(absl::Seconds(1));
    clock_.Settle();
  }
  // Open loop: a call every 5 ms, whatever becomes of it. Answers how many were answered well.
  int LoadFor(absl::Duration time) {
    std::vector<std::unique_ptr<Running<Number>>> calls;
    const absl::Time end = clock_.Now() + time;
    while (clock_.Now() < end) {
      const Context context(clock_.Now() + absl::Seconds(2), "", {});
      calls.push_back(std::make_unique<Running<Number>>(clock_, top_->One(Of(1)), context));
      clock_.Settle();
      clock_.Advance(absl::Seconds(1) / kCallsPerSecond);
    }
    for (int attempt = 0; attempt < 3; ++attempt) PassASecond();
    int well = 0;
    for (const auto& call : calls) {
      EXPECT_TRUE(call->done());
      well += call->done() && call->outcome().ok() ? 1 : 0;
    }
    return well;
  }

  FakeClock clock_;
  Counters counters_;
  Leaf leaf_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::unique_ptr<CalleeEdge>> callees_;
  std::vector<std::unique_ptr<CallerEdge>> callers_;
  std::vector<std::unique_ptr<CounterGuard>> guards_;
  Counter* top_ = nullptr;
};

TEST_F(StormTest, ALeafThatIsDownHasNoMoreThanAFifthAboveItsLoad) {
  EXPECT_EQ(LoadFor(absl::Seconds(5)), 5 * kCallsPerSecond);
  leaf_.down = true;
  leaf_.ones = 0;
  EXPECT_EQ(LoadFor(absl::Seconds(30)), 0);
  EXPECT_GE(leaf_.ones, 30 * kCallsPerSecond);
  EXPECT_LE(leaf_.ones, 30 * kCallsPerSecond * 6 / 5);
  leaf_.down = false;
  EXPECT_EQ(LoadFor(absl::Seconds(3)), 3 * kCallsPerSecond);
}

TEST_F(StormTest, OneCallIsAttemptedThreeTimesInAll) {
  leaf_.down = true;
  Running<Number> call(clock_, top_->One(Of(1)), Context(clock_.Now() + absl::Seconds(9), "", {}));
  for (int attempt = 0; attempt < 3; ++attempt) PassASecond();
  ASSERT_TRUE(call.done());
  EXPECT_EQ(call.outcome().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(leaf_.ones, 3);  // not 3 × 3 × 3 × 3
}

}  // namespace
}  // namespace chains
