#include "deploy/cli/up.h"

#include "tests/deploy/cli/cli_fixture.h"

namespace chains::deploy::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(CliTest, UpIsKnown) { EXPECT_EQ(Run({"up", "--help"}), 0); }

TEST_F(CliTest, UpTakesNoSwitchBothWays) {
  EXPECT_EQ(Run({"up", "--hedge", "--no-hedge"}), 2);
  EXPECT_THAT(err, HasSubstr("--hedge and --no-hedge exclude each other"));
  EXPECT_EQ(Run({"up", "--no-circuit", "--circuit"}), 2);
  EXPECT_THAT(err, HasSubstr("--circuit and --no-circuit exclude each other"));
}

TEST(UpTest, TellsReplicasOfFaultsAndPoliciesWhatItWasTold) {
  EXPECT_THAT(ReplicaFlags({}), IsEmpty());
  EXPECT_THAT(ReplicaFlags({.faults = {"*: 1% hangs", "A: 2% +1ms"}, .limits_dry_run = true}),
              ElementsAre("--fault", "*: 1% hangs", "--fault", "A: 2% +1ms", "--limits-dry-run"));
  EXPECT_THAT(ReplicaFlags({.max_in_flight = 9, .hedge = true, .circuit = true}),
              ElementsAre("--max-in-flight", "9", "--hedge", "--circuit"));
  EXPECT_THAT(ReplicaFlags({.no_hedge = true, .no_circuit = true}),
              ElementsAre("--no-hedge", "--no-circuit"));
}

}  // namespace
}  // namespace chains::deploy::cli
