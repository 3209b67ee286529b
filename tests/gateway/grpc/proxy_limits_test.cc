// Priorities and limits of keys on the gateway's gRPC port.
#include <atomic>

#include "absl/strings/escaping.h"
#include "chains/contract/push_back.h"
#include "tests/gateway/grpc/proxy_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

class ProxyLimitsTest : public ProxyFixture {
 protected:
  ProxyLimitsTest() {
    one = [this](Bytes request) { return Note(this, std::move(request)); };
  }
  void TellKey(v1::KeyLimits limits) {
    v1::RouteTable table =
        Table(1)
            .With("v1", "hello", {replica_.address()})
            .Points("hello", "production", "v1")
            .Key(absl::HexStringToBytes(
                     "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"),
                 true);  // "secret"
    v1::KnownKey& key = *table.mutable_keys(0);
    key.set_name("phone");
    *key.mutable_limits() = std::move(limits);
    Tell(table);
  }
  static Context Keyed() { return With({{"authorization", "Api-Key secret"}}); }

  std::atomic<int> priority_{-1};

 private:
  static Task<Bytes> Note(ProxyLimitsTest* self, Bytes request) {
    const Context context = co_await CurrentContext();
    self->priority_ = context.priority();
    co_return request;
  }
};

TEST_F(ProxyLimitsTest, APriorityGoesOnUpToTheCeilingOfItsKey) {
  v1::KeyLimits limits;
  limits.set_priority_ceiling(5);
  limits.set_priority(1);
  TellKey(limits);
  EXPECT_TRUE(Call(kUnary, "a", Keyed().WithPriority(7)).ok());
  EXPECT_EQ(priority_, 5);
  EXPECT_TRUE(Call(kUnary, "a", Keyed().WithPriority(2)).ok());
  EXPECT_EQ(priority_, 2);
  EXPECT_TRUE(Call(kUnary, "a", Keyed()).ok());
  EXPECT_EQ(priority_, 1);
}

TEST_F(ProxyLimitsTest, WhereEverybodyMayCallAnyPriorityGoesOn) {
  TellProduction();
  EXPECT_TRUE(Call(kUnary, "a", With({}).WithPriority(7)).ok());
  EXPECT_EQ(priority_, 7);
}

TEST_F(ProxyLimitsTest, ARateHoldsForCallsAndStreamsTogetherAndSaysWhenToComeAgain) {
  v1::KeyLimits limits;
  limits.set_requests_per_second(1.0 / 600);
  limits.set_burst(2);
  TellKey(limits);
  EXPECT_TRUE(Call(kUnary, "a", Keyed()).ok());
  EXPECT_TRUE(Exchange(kBidirectional, {"a"}, Keyed()).ok());
  const absl::Status refused = Call(kUnary, "a", Keyed()).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("6/h requests, and 2 at once"));
  EXPECT_GT(RetryAfterOf(refused).value_or(absl::ZeroDuration()), absl::Seconds(500));
}

TEST_F(ProxyLimitsTest, APlaceIsFreeWhenItsCallHasEnded) {
  v1::KeyLimits limits;
  limits.set_max_in_flight(1);
  TellKey(limits);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(Call(kUnary, "a", Keyed()).ok());
    EXPECT_TRUE(Exchange(kServerStreaming, {"n"}, Keyed()).ok());
  }
}

}  // namespace
}  // namespace chains::gateway
