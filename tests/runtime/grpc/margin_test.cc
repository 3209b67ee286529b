// The deadline of a callee in another process: earlier than its caller's, whatever gRPC's encoding
// of it does.
#include "chains/grpc/margin.h"

#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "ends.h"

namespace chains {
namespace {

using internal::CalleesDeadline;

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);
absl::Duration MarginOf(absl::Duration left) {
  return left - (CalleesDeadline(kNow + left, kNow) - kNow);
}

TEST(MarginTest, IsAFiftiethOfAShortTime) {
  EXPECT_EQ(MarginOf(absl::Milliseconds(50)), absl::Milliseconds(1));
  EXPECT_EQ(MarginOf(absl::Microseconds(500)), absl::Microseconds(10));
}

TEST(MarginTest, IsFewMillisecondsAndOneStepOfTheEncodingOfALongTime) {
  EXPECT_EQ(MarginOf(absl::Milliseconds(500)), absl::Milliseconds(6));
  EXPECT_EQ(MarginOf(absl::Seconds(5)), absl::Milliseconds(15));
  EXPECT_EQ(MarginOf(absl::Seconds(60)), absl::Milliseconds(105));
  EXPECT_EQ(MarginOf(absl::Hours(100)), absl::Seconds(10) + absl::Milliseconds(5));
}

TEST(MarginTest, LeavesADeadlineThatHasPassedAsItIs) {
  EXPECT_EQ(CalleesDeadline(kNow, kNow), kNow);
  EXPECT_EQ(CalleesDeadline(kNow - absl::Seconds(1), kNow), kNow - absl::Seconds(1));
}

TEST(MarginTest, NeverEndsBeforeItBegins) {
  for (absl::Duration left = absl::Microseconds(1); left < absl::Hours(2); left *= 1.5) {
    EXPECT_LT(MarginOf(left), left) << left;
    EXPECT_GT(MarginOf(left), absl::ZeroDuration()) << left;
  }
}

Service Telling(std::optional<absl::Time>& seen) {
  Service service;
  service.AddUnary(kUnary, [&seen](Bytes) -> Task<Bytes> {
    const Context context = co_await CurrentContext();
    seen = context.deadline();
    co_return Bytes("");
  });
  return service;
}

TEST(MarginTest, ACalleeSeesAnEarlierDeadlineThanItsCallerAtEveryStepOfTheEncoding) {
  std::optional<absl::Time> seen;
  Ends ends(Telling(seen));
  for (const absl::Duration timeout :
       {absl::Milliseconds(2345), absl::Milliseconds(12'345), absl::Milliseconds(60'000),
        absl::Milliseconds(123'456), absl::Milliseconds(3'599'001)}) {
    seen.reset();
    const Context context = Within(timeout);
    ASSERT_TRUE(ends.Call(kUnary, "", context).ok());
    ASSERT_TRUE(seen.has_value());
    EXPECT_LT(*seen, context.deadline()) << timeout;
    EXPECT_GT(*seen, context.deadline() - timeout / 20) << timeout;
  }
}

Task<Bytes> AskInVain(GrpcChannel& next) {
  absl::StatusOr<Bytes> reply = co_await Outcome(next.Unary(kUnary, Bytes("")));
  co_return Bytes(MessageOf(reply.status()));
}

// The hop between has time to say what it waited for.
TEST(MarginTest, TheHopAboveALateOneStillAnswersInTime) {
  Events events;
  Service forever;
  forever.AddUnary(kUnary, [&events](Bytes) { return Forever(events); });
  Ends last(std::move(forever));
  std::unique_ptr<GrpcChannel> to_last;
  Service asking;
  asking.AddUnary(kUnary, [&to_last](Bytes) { return AskInVain(*to_last); });
  Ends first(std::move(asking));
  to_last = std::make_unique<GrpcChannel>(last.server().addresses()[0], first.server().reactor(0));
  // Where everything is slow it may take longer than the margin; not every time.
  absl::StatusOr<std::string> reply;
  for (int i = 0; i < 20 && !reply.ok(); ++i) {
    reply = first.Call(kUnary, "", Within(absl::Milliseconds(300)));
  }
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_NE(*reply, "");
}

}  // namespace
}  // namespace chains
