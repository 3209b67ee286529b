// What is said of hedging, circuits, balancing and limits that cannot be.
#include <cmath>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "chains/chain/problem.h"
#include "shop.chains.h"
#include "specs.h"

namespace chains::internal {
namespace {

using tests::shop::Clerk;
using tests::shop::Pricer;
using tests::shop::Till;

template <typename T>
std::string TextOfPolicies(Needs<T> needs) {
  return ProblemText(
      Validate(ChainOf({ChainletAt<Clerk>(3, {On<T>(std::move(needs))}), ChainletAt<T>(4)})));
}

TEST(ValidatePoliciesTest, HedgingOfWhatMayNotBeRepeatedNamesTheLinesOfTheContract) {
  EXPECT_EQ(TextOfPolicies<Till>({.hedging = {.on = true}}),
            "main.cc:3: tests.shop.Clerk: dependency: second attempts (hedging) at tests.shop.Till "
            "would never be made: none of its unary methods may be repeated; add `option "
            "idempotency_level = IDEMPOTENT;` at shop.proto:15 (RunRemote), shop.proto:16 (Refund) "
            "where repeating does no harm, or leave hedging off\n");
}

TEST(ValidatePoliciesTest, PoliciesHaveBoundsWhereTheyAreOn) {
  const std::string where = "main.cc:3: tests.shop.Clerk: dependency: ";
  EXPECT_EQ(TextOfPolicies<Pricer>({.hedging = {.on = true, .percentile = 100}}),
            where +
                "hedging.percentile of tests.shop.Pricer is 100; give more than 0, at most "
                "99.9\n");
  EXPECT_EQ(TextOfPolicies<Pricer>({.hedging = {.on = true, .max_extra = 0}}),
            where + "hedging.max_extra of tests.shop.Pricer is 0; give more than 0, at most 1\n");
  EXPECT_EQ(TextOfPolicies<Pricer>({.hedging = {.percentile = 100}}), "");
  EXPECT_EQ(TextOfPolicies<Pricer>({.circuit = {.on = true, .failure_ratio = std::nan("")}}),
            where +
                "circuit.failure_ratio of tests.shop.Pricer is nan; give more than 0, at most "
                "1\n");
  EXPECT_EQ(TextOfPolicies<Pricer>({.circuit = {.on = true, .open_for = absl::ZeroDuration()}}),
            where + "circuit.open_for of tests.shop.Pricer is 0; give 1ms to 1h\n");
  EXPECT_EQ(TextOfPolicies<Pricer>({.circuit = {.consecutive_failures = 0}}), "");
  EXPECT_EQ(TextOfPolicies<Pricer>({.balancing = {.latency_factor = 0.5}}),
            where +
                "balancing.latency_factor of tests.shop.Pricer is 0.5; give more than 1, at "
                "most 10000\n");
  EXPECT_EQ(TextOfPolicies<Pricer>({.balancing = {.latency_factor = 0}}), "");
}

template <typename F>
std::string TextOfLimits(F change) {
  ChainSpec chain = ChainOf({ChainletAt<Pricer>(3)});
  change(chain.chainlets[0].limits);
  return ProblemText(Validate(chain));
}

TEST(ValidatePoliciesTest, AnAdaptiveLimitIsWithinTheFixedOne) {
  EXPECT_EQ(TextOfLimits([](Limits& it) {
              it = {.concurrency_limit = 50, .adaptive = {.on = true, .min = 0, .max = 51}};
            }),
            "main.cc:3: tests.shop.Pricer: limits: adaptive.min is 0; give 1 to 50\n"
            "main.cc:3: tests.shop.Pricer: limits: adaptive.max is 51; give 1 to 50\n");
  EXPECT_EQ(TextOfLimits([](Limits& it) { it.adaptive = {.on = true, .min = 9, .max = 8}; }),
            "main.cc:3: tests.shop.Pricer: limits: adaptive.min is 9, above adaptive.max, which is "
            "8; raise max or lower min\n");
  EXPECT_EQ(TextOfLimits([](Limits& it) { it.adaptive = {.on = false, .min = 0}; }), "");
  EXPECT_EQ(TextOfLimits([](Limits& it) { it.adaptive.on = true; }), "");
}

}  // namespace
}  // namespace chains::internal
