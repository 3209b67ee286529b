// Exposer: where it listens, and where it cannot.
#include "chains/metrics/exposer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<prometheus::MetricFamily> Nothing() { return {}; }

TEST(ExposerTest, ListensAtAFreePortAndSaysWhich) {
  const auto exposer = Exposer::Listen("127.0.0.1:0", Nothing);
  ASSERT_TRUE(exposer.ok()) << exposer.status();
  EXPECT_THAT((*exposer)->address(), StartsWith("127.0.0.1:"));
  EXPECT_NE((*exposer)->address(), "127.0.0.1:0");
}

TEST(ExposerTest, SaysThatAnAddressIsTaken) {
  const auto exposer = Exposer::Listen("127.0.0.1:0", Nothing);
  ASSERT_TRUE(exposer.ok()) << exposer.status();
  const auto second = Exposer::Listen((*exposer)->address(), Nothing);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

TEST(ExposerTest, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "9464", ":9464", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"}) {
    const auto exposer = Exposer::Listen(address, Nothing);
    EXPECT_EQ(exposer.status().code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(exposer.status().message()), HasSubstr("HOST:PORT"));
  }
}

}  // namespace
}  // namespace chains
