#include "chains/chain/policy_overrides.h"

#include <gtest/gtest.h>

#include "chains/chain/problem.h"
#include "shop.chains.h"
#include "specs.h"

namespace chains::internal {
namespace {

using tests::shop::Clerk;
using tests::shop::Pricer;
using tests::shop::Till;

// A Clerk that needs a Pricer, which may be asked again, and a Till, which may not.
ChainSpec Shop() {
  return ChainOf({ChainletAt<Clerk>(
                      3, {On<Pricer>({.max_in_flight = 7, .circuit = {.on = true}}), On<Till>()}),
                  ChainletAt<Pricer>(4), ChainletAt<Till>(5)});
}

TEST(PolicyOverridesTest, WithoutOrdersAllIsAsDeclared) {
  const ChainSpec shop = WithPolicies(Shop(), {});
  const DependencySpec& pricer = shop.chainlets[0].dependencies[0];
  EXPECT_EQ(pricer.max_in_flight, 7);
  EXPECT_TRUE(pricer.circuit.on);
  EXPECT_FALSE(pricer.hedging.on);
  EXPECT_FALSE(shop.chainlets[1].limits.dry_run);
}

TEST(PolicyOverridesTest, EveryEdgeHasSoManyCallsInFlight) {
  const ChainSpec shop = WithPolicies(Shop(), {.max_in_flight = 3});
  for (const DependencySpec& each : shop.chainlets[0].dependencies) {
    EXPECT_EQ(each.max_in_flight, 3);
  }
}

TEST(PolicyOverridesTest, HedgesWhatMayBeRepeatedAndNothingElse) {
  const ChainSpec shop = WithPolicies(Shop(), {.hedging = true});
  EXPECT_TRUE(shop.chainlets[0].dependencies[0].hedging.on);
  EXPECT_FALSE(shop.chainlets[0].dependencies[1].hedging.on);
  EXPECT_EQ(ProblemText(Validate(shop)), "");
}

TEST(PolicyOverridesTest, TurnsOffWhatIsDeclared) {
  ChainSpec declared = Shop();
  declared.chainlets[0].dependencies[0].hedging.on = true;
  const ChainSpec shop = WithPolicies(declared, {.hedging = false, .circuits = false});
  EXPECT_FALSE(shop.chainlets[0].dependencies[0].hedging.on);
  EXPECT_FALSE(shop.chainlets[0].dependencies[0].circuit.on);
}

TEST(PolicyOverridesTest, CircuitsAndTrialsAreForAll) {
  const ChainSpec shop = WithPolicies(Shop(), {.limits_dry_run = true, .circuits = true});
  for (const DependencySpec& each : shop.chainlets[0].dependencies) EXPECT_TRUE(each.circuit.on);
  for (const ChainletSpec& each : shop.chainlets) EXPECT_TRUE(each.limits.dry_run);
}

}  // namespace
}  // namespace chains::internal
