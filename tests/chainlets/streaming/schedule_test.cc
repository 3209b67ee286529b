// When parts come, by a clock that only the chain's own timers move.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/loopback_channel.h"
#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"
#include "parts.h"
#include "streaming_chain.h"

namespace streaming {
namespace {

using ::chains::testing::FakeClock;
using ::chains::testing::Fault;
using ::chains::testing::FaultyChannel;
using ::chains::testing::StatusIs;
using ::testing::Each;
using ::testing::ElementsAre;

// Consumer and Generator, with their messages in wire format between them.
class ScheduleTest : public ::testing::Test {
 protected:
  Received Ask(GeneratorRequest request, chains::Context context = {}) {
    return chains::Wait(Receive(consumer_.RunRemote(std::move(request))), clock_,
                        std::move(context))
        .value();
  }
  // Milliseconds after `begin`.
  static std::vector<int64_t> After(absl::Time begin, const std::vector<absl::Time>& times) {
    std::vector<int64_t> after;
    for (const absl::Time& time : times) after.push_back((time - begin) / absl::Milliseconds(1));
    return after;
  }

  FakeClock clock_;
  Maker maker_;
  const chains::Service service_ = chains::Contract<Generator>::Serve(maker_);
  chains::LoopbackChannel loopback_{service_};
  FaultyChannel channel_{loopback_};
  const std::unique_ptr<Generator> generator_ = chains::Contract<Generator>::Connect(channel_);
  Reader consumer_{*generator_};
};

GeneratorRequest Every(int milliseconds, int items) {
  GeneratorRequest request = Items(items);
  request.set_interval_ms(milliseconds);
  return request;
}

TEST_F(ScheduleTest, SendsEachItemAtItsTimeAndTheFooterAtOnceAfterTheLast) {
  const absl::Time begin = clock_.Now();
  const Received received = Ask(Every(250, 3));
  EXPECT_EQ(received.status, absl::OkStatus());
  EXPECT_THAT(After(begin, received.at), ElementsAre(0, 250, 500, 750, 750));
}

TEST_F(ScheduleTest, TakesNoTimeWithoutAnInterval) {
  const absl::Time begin = clock_.Now();
  EXPECT_THAT(After(begin, Ask(Items(1000)).at), Each(0));
}

TEST_F(ScheduleTest, FailsWhenTheSecondItemIsThere) {
  const absl::Time begin = clock_.Now();
  GeneratorRequest request = Every(10'000, 4);
  request.set_cause_error(true);
  const Received received = Ask(request);
  EXPECT_THAT(After(begin, received.at), ElementsAre(0, 10'000, 20'000));
  EXPECT_THAT(received.status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(clock_.Now() - begin, absl::Seconds(20));
}

// A reader that takes its time is waited for.
TEST_F(ScheduleTest, CountsAnIntervalFromWhenThePartBeforeWasTaken) {
  const absl::Time begin = clock_.Now();
  const auto slowly = [](chains::Stream<Part> parts) -> chains::Task<Received> {
    const chains::internal::Here::Place here = co_await chains::internal::Here();
    Received received({}, {}, absl::OkStatus());
    while (co_await parts.Next()) {
      received.at.push_back(here.loop().Now());
      co_await chains::Sleep(absl::Seconds(1));
    }
    co_return received;
  };
  const Received received =
      chains::Wait(slowly(consumer_.RunRemote(Every(100, 2))), clock_).value();
  EXPECT_THAT(After(begin, received.at), ElementsAre(0, 1100, 2200, 3200));
}

TEST_F(ScheduleTest, AWireThatBreaksKeepsWhatHasCome) {
  channel_.Inject(1, Fault::FailsAfter(3, absl::UnavailableError("the wire broke")));
  const Received received = Ask(Every(5, 10));
  EXPECT_THAT(received.parts, ElementsAre("header 10", "1 Item 1", "2 Item 2"));
  EXPECT_THAT(received.status, StatusIs(absl::StatusCode::kUnavailable, "the wire broke"));
  EXPECT_EQ(channel_.in_flight(), 0);
}

TEST_F(ScheduleTest, ALateWireMovesTheWholeSchedule) {
  channel_.Inject(1, Fault::Delays(absl::Seconds(2)));
  const absl::Time begin = clock_.Now();
  EXPECT_THAT(After(begin, Ask(Every(500, 1)).at), ElementsAre(2000, 2500, 2500));
}

// Who leaves in the middle stops the Generator, and no timer of it is left.
TEST_F(ScheduleTest, AReaderThatLeavesStopsTheTimers) {
  {
    chains::testing::Running<Received> reading(clock_,
                                               Receive(consumer_.RunRemote(Every(60'000, 2))));
    clock_.Settle();
    EXPECT_EQ(channel_.in_flight(), 1);
    EXPECT_FALSE(reading.done());
  }
  EXPECT_EQ(channel_.dropped(), 1);
  const absl::Time now = clock_.Now();
  EXPECT_THAT(After(now, Ask(Every(1, 1)).at), ElementsAre(0, 1, 1));
}

}  // namespace
}  // namespace streaming
