// Stubs and handlers: calls of all four kinds through a Channel, and what a bad peer sends.
#include <string>

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"
#include "counter.h"

namespace chains {
namespace {

using testing::Collect;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::Fault;
using testing::FaultyChannel;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using ::testing::ResultOf;
using testing::StatusIs;
using testing::StreamOf;

auto IsNumber(int value) {
  return IsOkAndHolds(ResultOf([](const Number& number) { return number.value(); }, value));
}

class StubTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  CountingCounter counting_;
  Service service_ = ServeCounter(counting_);
  LoopbackChannel loopback_{service_};
  FaultyChannel channel_{loopback_};
  CounterStub stub_{channel_};
};

TEST_F(StubTest, CarriesAllKinds) {
  EXPECT_THAT(Wait(stub_.One(Of(1)), clock_), IsNumber(2));
  EXPECT_THAT(Wait(Collect(stub_.Up(Of(3))), clock_),
              IsOkAndHolds(ResultOf(ValuesOf, ElementsAre(1, 2, 3))));
  EXPECT_THAT(Wait(stub_.Sum(StreamOf<Number>({Of(1), Of(2), Of(3)})), clock_), IsNumber(6));
  EXPECT_THAT(Wait(Collect(stub_.Echo(StreamOf<Number>({Of(3), Of(1)}))), clock_),
              IsOkAndHolds(ResultOf(ValuesOf, ElementsAre(3, 1))));
  EXPECT_EQ(channel_.calls(), 4);
  EXPECT_EQ(channel_.in_flight(), 0);
  EXPECT_EQ(channel_.dropped(), 0);
}

TEST_F(StubTest, CarriesStreamsOfNothing) {
  EXPECT_THAT(Wait(stub_.Sum(StreamOf<Number>({})), clock_), IsNumber(0));
  EXPECT_THAT(Wait(Collect(stub_.Up(Of(0))), clock_), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Wait(Collect(stub_.Echo(StreamOf<Number>({}))), clock_), IsOkAndHolds(IsEmpty()));
}

TEST_F(StubTest, CarriesFailuresOfAllKinds) {
  const auto negative = StatusIs(absl::StatusCode::kOutOfRange, "negative");
  EXPECT_THAT(Wait(stub_.One(Of(-1)), clock_), negative);
  EXPECT_THAT(Wait(Collect(stub_.Up(Of(-1))), clock_), negative);
  EXPECT_THAT(Wait(stub_.Sum(StreamOf<Number>({Of(-1)})), clock_), negative);
  EXPECT_THAT(Wait(Collect(stub_.Echo(StreamOf<Number>({Of(1), Of(-1)}))), clock_), negative);
}

TEST_F(StubTest, AFailureOfTheRequestsFailsTheCall) {
  auto torn = []() -> Stream<Number> {
    co_yield Of(1);
    co_await absl::DataLossError("torn");
  };
  const auto is_torn = StatusIs(absl::StatusCode::kDataLoss, "torn");
  EXPECT_THAT(Wait(stub_.Sum(torn()), clock_), is_torn);
  EXPECT_THAT(Wait(Collect(stub_.Echo(torn())), clock_), is_torn);
}

TEST_F(StubTest, RepliesThatAreNoMessageAreAnError) {
  const auto garbage = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Int32Value"));
  Service service;
  service.AddUnary(kOne, [](Bytes) { return Done<Bytes>(Bytes("\xff")); });
  service.AddStreaming(kUp, [](Stream<Bytes>) -> Stream<Bytes> { co_yield Bytes("\xff"); });
  service.AddStreaming(kSum, [](Stream<Bytes>) -> Stream<Bytes> { co_yield Bytes("\xff"); });
  LoopbackChannel channel(service);
  CounterStub stub(channel);
  EXPECT_THAT(Wait(stub.One(Of(1)), clock_), garbage);
  EXPECT_THAT(Wait(Collect(stub.Up(Of(1))), clock_), garbage);
  EXPECT_THAT(Wait(stub.Sum(StreamOf<Number>({})), clock_), garbage);
}

TEST_F(StubTest, ASingleReplyIsNeitherNoneNorTwo) {
  Service service;
  service.AddStreaming(kSum, [](Stream<Bytes> requests) -> Stream<Bytes> {
    int count = 0;
    while (std::optional<Bytes> request = co_await requests.Next()) ++count;
    for (int i = 0; i < count; ++i) co_yield Bytes();
  });
  LoopbackChannel channel(service);
  CounterStub stub(channel);
  EXPECT_THAT(Wait(stub.Sum(StreamOf<Number>({})), clock_),
              StatusIs(absl::StatusCode::kInternal, "the stream ended without a message"));
  EXPECT_THAT(Wait(stub.Sum(StreamOf<Number>({Of(1)})), clock_), IsNumber(0));
  EXPECT_THAT(Wait(stub.Sum(StreamOf<Number>({Of(1), Of(2)})), clock_),
              StatusIs(absl::StatusCode::kInternal, "more than one message in the stream"));
}

TEST_F(StubTest, RequestsThatAreNoMessageAreAnInvalidArgument) {
  const auto garbage = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Int32Value"));
  auto bad = []() -> Stream<Bytes> { co_yield Bytes("\xff"); };
  EXPECT_THAT(Wait(loopback_.Unary(kOne, Bytes("\xff")), clock_), garbage);
  for (const Method& method : {kUp, kSum, kEcho}) {
    EXPECT_THAT(Wait(Collect(loopback_.Streaming(method, bad())), clock_), garbage);
  }
  EXPECT_EQ(counting_.ones, 0);
}

TEST_F(StubTest, AMethodThatNobodyServesIsUnimplemented) {
  Service nothing;
  LoopbackChannel channel(nothing);
  CounterStub stub(channel);
  const auto missing =
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("no method /t.Counter/"));
  EXPECT_THAT(Wait(stub.One(Of(1)), clock_), missing);
  EXPECT_THAT(Wait(Collect(stub.Up(Of(1))), clock_), missing);
  // A method of the other kind is not that method.
  EXPECT_THAT(Wait(loopback_.Unary(kUp, Bytes()), clock_), missing);
}

TEST_F(StubTest, DroppingTheRepliesDropsTheCall) {
  auto takes_one = [](Stream<Number> numbers) -> Task<int> {
    std::optional<Number> number = co_await numbers.Next();
    co_return number->value();
  };
  EXPECT_THAT(Wait(takes_one(stub_.Up(Of(1000))), clock_), IsOkAndHolds(1));
  EXPECT_EQ(channel_.in_flight(), 0);
  EXPECT_EQ(channel_.dropped(), 1);
}

TEST(ServiceTest, MergesAndFindsByPath) {
  CountingCounter counting;
  Service service;
  service.Merge(ServeCounter(counting));
  ASSERT_NE(service.Find("/t.Counter/Echo"), nullptr);
  EXPECT_EQ(service.Find("/t.Counter/Echo")->method, &kEcho);
  EXPECT_EQ(service.Find("/t.Counter/Missing"), nullptr);
  EXPECT_EQ(service.handlers().size(), 4u);
}

}  // namespace
}  // namespace chains
