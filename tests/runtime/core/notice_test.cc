#include "chains/core/notice.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"

namespace chains {
namespace {

Task<void> WaitFor(Notice* notice, const bool* done) {
  while (!*done) co_await notice->Wait();
}

TEST(NoticeTest, WakesAllWhoWait) {
  testing::FakeClock clock;
  Notice notice;
  bool done = false;
  testing::Running<void> first(clock, WaitFor(&notice, &done));
  testing::Running<void> second(clock, WaitFor(&notice, &done));
  notice.Give();
  clock.Settle();
  EXPECT_FALSE(first.done());
  done = true;
  notice.Give();
  clock.Settle();
  EXPECT_TRUE(first.done());
  EXPECT_TRUE(second.done());
}

TEST(NoticeTest, ForgetsAWaiterThatIsDropped) {
  testing::FakeClock clock;
  Notice notice;
  bool done = false;
  std::optional<testing::Running<void>> dropped;
  dropped.emplace(clock, WaitFor(&notice, &done));
  testing::Running<void> stays(clock, WaitFor(&notice, &done));
  notice.Give();  // it is listed to run when it is dropped
  dropped.reset();
  done = true;
  notice.Give();
  clock.Settle();
  EXPECT_TRUE(stays.done());
}

}  // namespace
}  // namespace chains
