// The text of a proxy's faults.
#include "chains/testing/proxy_faults.h"

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains::testing {
namespace {

using ::testing::HasSubstr;

TEST(ProxyFaultsTest, AreForBothWaysUnlessSaidOtherwise) {
  const absl::StatusOr<ProxyFaults> faults =
      ParseProxyFaults("delay=50ms to-client: rate=1000 cut=0 to-target: jitter=5ms stall=7");
  ASSERT_TRUE(faults.ok()) << faults.status();
  EXPECT_EQ(faults->to_target.delay, absl::Milliseconds(50));
  EXPECT_EQ(faults->to_client.delay, absl::Milliseconds(50));
  EXPECT_EQ(faults->to_client.bytes_per_second, 1000);
  EXPECT_EQ(faults->to_client.cut_after, 0);
  EXPECT_EQ(faults->to_target.bytes_per_second, 0);
  EXPECT_EQ(faults->to_target.jitter, absl::Milliseconds(5));
  EXPECT_EQ(faults->to_target.stall_after, 7);
  EXPECT_EQ(faults->to_client.stall_after, std::nullopt);
  EXPECT_FALSE(faults->blackhole);
}

TEST(ProxyFaultsTest, NothingHealsAll) {
  const absl::StatusOr<ProxyFaults> faults = ParseProxyFaults(" ");
  ASSERT_TRUE(faults.ok());
  EXPECT_FALSE(faults->blackhole || faults->refuse);
  EXPECT_EQ(faults->to_target.corrupt_every, 0);
}

TEST(ProxyFaultsTest, APartitionAndARefusalAreForTheWholeConnection) {
  EXPECT_TRUE(ParseProxyFaults("to-client: blackhole")->blackhole);
  EXPECT_TRUE(ParseProxyFaults("refuse")->refuse);
}

TEST(ProxyFaultsTest, QuoteTheWordThatIsWrong) {
  for (const char* word : {"delay", "delay=", "delay=-1ms", "delay=25h", "rate=0", "rate=1x",
                           "cut=-1", "corrupt=0", "cut=99999999999999999999", "drop=1", "both:"}) {
    EXPECT_THAT(ParseProxyFaults(word),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(word)));
  }
}

}  // namespace
}  // namespace chains::testing
