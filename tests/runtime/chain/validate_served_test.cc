// What must hold to run chainlets here, beside what holds of every chain.
#include <gtest/gtest.h>

#include "chains/chain/problem.h"
#include "shop.chains.h"
#include "specs.h"

namespace chains::internal {
namespace {

using tests::shop::Clerk;
using tests::shop::Pricer;

ChainSpec PartlyImplemented() {
  ChainSpec chain = ChainOf({ChainletAt<Clerk>(3, {On<Pricer>()}), ChainletAt<Pricer>(4)});
  chain.chainlets[1].implementation = "";
  chain.chainlets[1].build = nullptr;
  return chain;
}

TEST(ValidateServedTest, WhatIsImplementedCanBeServed) {
  EXPECT_EQ(ProblemText(ValidateServed(PartlyImplemented(), {"Clerk"})), "");
  EXPECT_EQ(ProblemText(ValidateServed(PartlyImplemented(), {"tests.shop.Clerk"})), "");
}

TEST(ValidateServedTest, WhatIsNotImplementedIsNamed) {
  const std::string text =
      "main.cc:4: tests.shop.Pricer: implementation: it is declared without an implementation; Add "
      "a class "
      "that implements it, serve the others (--chainlets tests.shop.Clerk), or give it a fake with "
      "chains::RunLocal\n";
  EXPECT_EQ(ProblemText(ValidateServed(PartlyImplemented(), {})), text);
  EXPECT_EQ(ProblemText(ValidateServed(PartlyImplemented(), {"Pricer"})), text);
}

TEST(ValidateServedTest, WhatTheChainDoesNotHaveIsNamed) {
  EXPECT_EQ(ProblemText(ValidateServed(PartlyImplemented(), {"Clerk", "Clark"})),
            "main.cc:1: shop: serve: it has no chainlet Clark; it has "
            "tests.shop.Clerk,tests.shop.Pricer\n");
}

TEST(ValidateServedTest, TheRestOfTheChainIsValidButNeedsNoFiles) {
  ChainSpec chain = PartlyImplemented();
  chain.chainlets[1].settings.assets = {{.name = "weights", .source = "no/such/file"}};
  EXPECT_EQ(ProblemText(ValidateServed(chain, {"Clerk"})), "");
  chain.chainlets[1].resources.cpus = 0;
  EXPECT_EQ(ProblemText(ValidateServed(chain, {"Clerk"})),
            "main.cc:4: tests.shop.Pricer: resources: cpus is 0; give more than 0, at most 1024\n");
}

}  // namespace
}  // namespace chains::internal
