// FaultyChannel: each fault does what it says, to the call that it was meant for.
#include "chains/testing/faulty_channel.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/contract/loopback_channel.h"
#include "chains/core/timing.h"
#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"

namespace chains::testing {
namespace {

using ::testing::ElementsAre;

constexpr Method kEcho{.chainlet = "t.Echo", .name = "Echo", .path = "/t.Echo/Echo"};
constexpr Method kTwice{.chainlet = "t.Echo",
                        .name = "Twice",
                        .path = "/t.Echo/Twice",
                        .kind = MethodKind::kBidirectional};

Task<std::string> Text(Task<Bytes> task) {
  Bytes bytes = co_await std::move(task);
  co_return bytes.ToString();
}
Stream<std::string> Texts(Stream<Bytes> stream) {
  while (std::optional<Bytes> bytes = co_await stream.Next()) co_yield bytes->ToString();
}
Stream<Bytes> NoRequests() { co_return; }

class FaultyChannelTest : public ::testing::Test {
 protected:
  FaultyChannelTest() {
    service_.AddUnary(kEcho, [this](Bytes request) {
      ++reached_;
      return Done<Bytes>(std::move(request));
    });
    service_.AddStreaming(kTwice, [](Stream<Bytes>) -> Stream<Bytes> {
      co_yield Bytes("a");
      co_yield Bytes("b");
    });
  }
  absl::StatusOr<std::string> Echo() {
    return Wait(Text(channel_.Unary(kEcho, Bytes("text"))), clock_);
  }
  absl::StatusOr<std::vector<std::string>> Twice() {
    return Wait(Collect(Texts(channel_.Streaming(kTwice, NoRequests()))), clock_);
  }

  FakeClock clock_;
  Service service_;
  LoopbackChannel loopback_{service_};
  FaultyChannel channel_{loopback_};
  int reached_ = 0;
};

TEST_F(FaultyChannelTest, WithoutFaultsIsTheOtherChannel) {
  EXPECT_THAT(Echo(), IsOkAndHolds("text"));
  EXPECT_THAT(Twice(), IsOkAndHolds(ElementsAre("a", "b")));
  EXPECT_EQ(channel_.calls(), 2);
}

TEST_F(FaultyChannelTest, FailsTheCallItIsToldTo) {
  channel_.Inject(2, Fault::Fails(absl::UnavailableError("gone")));
  EXPECT_THAT(Echo(), IsOk());
  EXPECT_THAT(Echo(), StatusIs(absl::StatusCode::kUnavailable, "gone"));
  EXPECT_THAT(Echo(), IsOk());
  EXPECT_EQ(reached_, 2);
  EXPECT_EQ(channel_.dropped(), 0);
}

TEST_F(FaultyChannelTest, FailsEveryCallUntilItIsHealed) {
  channel_.InjectAll(Fault::Fails(absl::UnavailableError("gone")));
  channel_.Inject(2, Fault());
  EXPECT_FALSE(Echo().ok());
  EXPECT_THAT(Echo(), IsOk());
  EXPECT_FALSE(Twice().ok());
  channel_.InjectAll(std::nullopt);
  EXPECT_THAT(Twice(), IsOk());
}

TEST_F(FaultyChannelTest, DelaysOnTheLoopsTime) {
  const absl::Time start = clock_.Now();
  channel_.InjectAll(Fault::Delays(absl::Seconds(5)));
  EXPECT_THAT(Echo(), IsOk());
  EXPECT_THAT(Twice(), IsOk());
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(10));
}

TEST_F(FaultyChannelTest, NeverAnswersUntilItIsDropped) {
  channel_.InjectAll(Fault::NeverAnswers());
  {
    Running<Bytes> call(clock_, channel_.Unary(kEcho, Bytes()));
    clock_.Advance(absl::Hours(1000));
    clock_.Settle();
    EXPECT_FALSE(call.done());
    EXPECT_EQ(channel_.in_flight(), 1);
  }
  EXPECT_EQ(channel_.in_flight(), 0);
  EXPECT_EQ(channel_.dropped(), 1);
  EXPECT_EQ(reached_, 0);
}

TEST_F(FaultyChannelTest, CorruptsWhatComesBack) {
  channel_.InjectAll(Fault::Corrupts());
  absl::StatusOr<std::string> text = Echo();
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(text->size(), 4u);
  EXPECT_NE(*text, "text");
  EXPECT_THAT(Twice(), IsOkAndHolds(ElementsAre("e", "f")));
}

TEST_F(FaultyChannelTest, FailsAfterSoManyMessages) {
  const absl::Status torn = absl::DataLossError("torn");
  auto count = [](Stream<Bytes> stream, int& messages) -> Task<void> {
    while (std::optional<Bytes> bytes = co_await stream.Next()) ++messages;
  };
  for (int most = 0; most <= 2; ++most) {
    channel_.InjectAll(Fault::FailsAfter(most, torn));
    int messages = 0;
    EXPECT_EQ(Wait(count(channel_.Streaming(kTwice, NoRequests()), messages), clock_).status(),
              torn);
    EXPECT_EQ(messages, most);
  }
  EXPECT_EQ(Echo().status(), torn);
  EXPECT_EQ(reached_, 1);
  EXPECT_EQ(channel_.dropped(), 0);
}

TEST_F(FaultyChannelTest, LetsATestWaitUntilCallsAreInFlight) {
  channel_.InjectAll(Fault::NeverAnswers());
  auto drops_once_begun = [](FaultyChannel& channel) -> Task<int> {
    co_await channel.began().AtLeast(2);
    co_return channel.in_flight();
  };
  Running<Bytes> first(clock_, channel_.Unary(kEcho, Bytes()));
  Running<int> waits(clock_, drops_once_begun(channel_));
  clock_.Settle();
  EXPECT_FALSE(waits.done());
  Running<Bytes> second(clock_, channel_.Unary(kEcho, Bytes()));
  clock_.Settle();
  ASSERT_TRUE(waits.done());
  EXPECT_THAT(waits.outcome(), IsOkAndHolds(2));
}

}  // namespace
}  // namespace chains::testing
