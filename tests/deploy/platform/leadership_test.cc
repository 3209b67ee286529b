#include "deploy/platform/leadership.h"

#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/state/fake_objects.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class LeadershipTest : public ::testing::Test {
 protected:
  struct Platform {
    Platform(LeadershipTest& test, const std::string& name)
        : leadership(test.api_, {.identity = name}), running(test.clock_, Lead()) {
      test.clock_.Settle();
    }
    Task<void> Lead() {
      co_await leadership.Acquire();
      co_await leadership.Hold();
    }

    Leadership leadership;
    chains::testing::Running<void> running;
  };

  void Pass(absl::Duration duration) {
    for (const absl::Time end = clock_.Now() + duration; clock_.Now() < end;) {
      clock_.Advance(absl::Milliseconds(100));
      clock_.Settle();
    }
  }
  Json Lease() const { return server_.objects().at("chains-platform"); }

  chains::testing::FakeClock clock_;
  FakeObjects server_;
  ApiClient api_{server_, {.attempts = 1}};
};

TEST_F(LeadershipTest, TheFirstOneLeadsAndStays) {
  Platform one(*this, "one");
  EXPECT_TRUE(one.leadership.leads());
  EXPECT_EQ(StringAt(Lease(), "/spec/holderIdentity"), "one");
  EXPECT_EQ(IntAt(Lease(), "/spec/leaseDurationSeconds"), 15);
  EXPECT_EQ(IntAt(Lease(), "/spec/leaseTransitions"), 0);
  const std::string renewed = StringAt(Lease(), "/spec/renewTime");
  EXPECT_THAT(renewed, MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z"));
  Platform two(*this, "two");
  Pass(absl::Minutes(5));
  EXPECT_TRUE(one.leadership.leads());
  EXPECT_FALSE(two.leadership.leads());
  EXPECT_EQ(two.leadership.leader(), "one");
  EXPECT_GT(StringAt(Lease(), "/spec/renewTime"), renewed);
  EXPECT_EQ(IntAt(Lease(), "/spec/leaseTransitions"), 0);
}

TEST_F(LeadershipTest, WhoDiesIsFollowedOnceHisTimeIsOver) {
  auto one = std::make_unique<Platform>(*this, "one");
  Platform two(*this, "two");
  Pass(absl::Seconds(10));
  one.reset();
  Pass(absl::Seconds(12));
  EXPECT_FALSE(two.leadership.leads());
  Pass(absl::Seconds(8));
  EXPECT_TRUE(two.leadership.leads());
  EXPECT_EQ(IntAt(Lease(), "/spec/leaseTransitions"), 1);
}

TEST_F(LeadershipTest, WhoGivesItBackIsFollowedAtOnce) {
  Leadership one(api_, {.identity = "one"});
  chains::testing::Running<void> acquiring(clock_, one.Acquire());
  clock_.Settle();
  Platform two(*this, "two");
  chains::testing::Running<void> releasing(clock_, one.Release());
  clock_.Settle();
  EXPECT_FALSE(one.leads());
  Pass(absl::Seconds(3));
  EXPECT_TRUE(two.leadership.leads());
}

// Nobody leads beside another, whoever cannot reach the server.
TEST_F(LeadershipTest, WhoCannotRenewGivesUpBeforeAnotherBegins) {
  Platform one(*this, "one");
  Pass(absl::Seconds(5));
  server_.Then([](int) { return Trouble::kRequestLost; });
  Pass(absl::Seconds(8));
  EXPECT_TRUE(one.leadership.leads());
  Pass(absl::Seconds(3));
  EXPECT_FALSE(one.leadership.leads());
  ASSERT_TRUE(one.running.done());
  EXPECT_THAT(one.running.outcome().status(),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("could not be renewed within 10s")));
}

TEST_F(LeadershipTest, ALostAnswerIsNoLoss) {
  Platform one(*this, "one");
  Platform two(*this, "two");
  server_.Then([](int number) { return number % 7 == 0 ? Trouble::kAnswerLost : Trouble::kNone; });
  Pass(absl::Minutes(2));
  EXPECT_TRUE(one.leadership.leads());
  EXPECT_FALSE(two.leadership.leads());
}

TEST_F(LeadershipTest, WhoSeesAnotherHolderEndsAtOnce) {
  Platform one(*this, "one");
  Json lease = Lease();
  lease["spec"]["holderIdentity"] = "two";
  lease["metadata"]["resourceVersion"] = "9999";
  server_.Put("chains-platform", lease);
  Pass(absl::Seconds(3));
  ASSERT_TRUE(one.running.done());
  EXPECT_THAT(one.running.outcome().status(),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("'two' has taken over the Lease")));
}

}  // namespace
}  // namespace chains::deploy
