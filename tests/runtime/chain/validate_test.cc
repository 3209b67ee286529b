// What is said of a chain that breaks a rule: place, chainlet, kind, what is wrong, what to do.
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/problem.h"
#include "other_shop.chains.h"
#include "shop.chains.h"
#include "specs.h"

namespace chains::internal {
namespace {

using tests::shop::Clerk;
using tests::shop::Feed;
using tests::shop::Pricer;
using tests::shop::Till;

std::string Text(const ChainSpec& chain) { return ProblemText(Validate(chain)); }

// Of a chain with one chainlet, which `change` spoils.
template <typename F>
std::string TextOfOne(F change) {
  ChainSpec chain = ChainOf({ChainletAt<Pricer>(3)});
  change(chain.chainlets[0]);
  return Text(chain);
}

// Of a Clerk that needs the chainlet T so.
template <typename T>
std::string TextOfNeeds(Needs<T> needs) {
  return Text(ChainOf({ChainletAt<Clerk>(3, {On<T>(needs)}), ChainletAt<T>(4)}));
}

TEST(ValidateTest, AGoodChainHasNoProblems) {
  EXPECT_EQ(Text(ChainOf({ChainletAt<Clerk>(3, {On<Pricer>({.attempts = 3}), On<Till>()}),
                          ChainletAt<Till>(4, {On<Pricer>()}), ChainletAt<Pricer>(5)})),
            "");
}

TEST(ValidateTest, AChainletThatNobodyCallsIsAllowed) {
  EXPECT_EQ(Text(ChainOf({ChainletAt<Clerk>(3), ChainletAt<Till>(4)})), "");
}

TEST(ValidateTest, ContractsWithoutImplementationCanBeDescribed) {
  ChainSpec chain = ChainOf({ChainletAt<Clerk>(3, {On<Pricer>()}), ChainletAt<Pricer>(4)});
  chain.chainlets[1].implementation = "";
  chain.chainlets[1].build = nullptr;
  EXPECT_EQ(Text(chain), "");
}

TEST(ValidateTest, AllProblemsAreShownInTheOrderOfTheirLines) {
  ChainSpec chain = ChainOf({ChainletAt<Clerk>(5, {On<Till>()}), ChainletAt<Pricer>(2)});
  chain.chainlets[0].limits.concurrency_limit = 0;
  chain.chainlets[1].resources.cpus = -1;
  chain.chainlets[0].entrypoint = false;
  EXPECT_EQ(Text(chain),
            "main.cc:1: shop: entrypoint: no chainlet is the entrypoint; write .Entrypoint() after "
            "the Add of the one that the world calls\n"
            "main.cc:2: tests.shop.Pricer: resources: cpus is -1; give more than 0, at most 1024\n"
            "main.cc:5: tests.shop.Clerk: dependency: it needs tests.shop.Till, which the chain "
            "does not have; Add a class that implements it, or chain.Declare<tests::shop::Till>()\n"
            "main.cc:5: tests.shop.Clerk: limits: concurrency_limit is 0; give 1 to 100000\n");
}

// ---- The chain.

TEST(ValidateTest, TheNameOfAChainIsAWord) {
  ChainSpec chain = ChainOf({ChainletAt<Pricer>(3)});
  chain.name = "my shop";
  EXPECT_EQ(Text(chain),
            "main.cc:1: my shop: chain: its name is \"my shop\"; use letters, digits, '-' and '_', "
            "and at least one\n");
}

TEST(ValidateTest, AChainHasChainlets) {
  EXPECT_EQ(Text(ChainOf({})),
            "main.cc:1: shop: chain: it has no chainlets; give it some with chain.Add<…>()\n");
}

TEST(ValidateTest, AChainHasNoMoreThanOneEntrypoint) {
  ChainSpec chain = ChainOf({ChainletAt<Clerk>(3), ChainletAt<Till>(4), ChainletAt<Pricer>(5)});
  chain.chainlets[1].entrypoint = chain.chainlets[2].entrypoint = true;
  EXPECT_EQ(
      Text(chain),
      "main.cc:4: shop: entrypoint: 3 chainlets are entrypoints: tests.shop.Clerk (main.cc:3), "
      "tests.shop.Till (main.cc:4), tests.shop.Pricer (main.cc:5); keep .Entrypoint() at one\n");
}

TEST(ValidateTest, AContractHasOneImplementation) {
  ChainSpec chain = ChainOf({ChainletAt<Pricer>(3), ChainletAt<Pricer>(4), ChainletAt<Pricer>(5)});
  chain.chainlets[1].implementation = "shop::Cheap";
  chain.chainlets[2].implementation = "";
  EXPECT_EQ(
      Text(chain),
      "main.cc:4: tests.shop.Pricer: implementation: a chain has one chainlet for a contract, and "
      "this has another already: Real (main.cc:3) and shop::Cheap (main.cc:4); remove one\n"
      "main.cc:5: tests.shop.Pricer: implementation: a chain has one chainlet for a contract, and "
      "this has another already: Real (main.cc:3) and declared only (main.cc:5); remove one\n");
}

TEST(ValidateTest, NoTwoChainletsAreShownAsTheSame) {
  ChainSpec chain = ChainOf({ChainletAt<Pricer>(3), ChainletAt<tests::other_shop::Pricer>(4)});
  EXPECT_EQ(Text(chain),
            "main.cc:4: tests.other_shop.Pricer: display_name: \"Pricer\" is also what "
            "tests.shop.Pricer (main.cc:3) is shown as; give one of them another in Settings\n");
  chain.chainlets[1].settings.display_name = "Other";
  EXPECT_EQ(Text(chain), "");
}

// ---- Dependencies.

TEST(ValidateTest, TheSameChainletIsNeededOnce) {
  EXPECT_EQ(Text(ChainOf({ChainletAt<Clerk>(3, {On<Pricer>(), On<Pricer>(), On<Pricer>()}),
                          ChainletAt<Pricer>(4)})),
            "main.cc:3: tests.shop.Clerk: dependency: it needs tests.shop.Pricer 3 times; list it "
            "once, one reference is enough\n");
}

TEST(ValidateTest, AttemptsTimeoutAndMaxInFlightHaveBounds) {
  EXPECT_EQ(TextOfNeeds<Pricer>({.attempts = 0}),
            "main.cc:3: tests.shop.Clerk: dependency: attempts at tests.shop.Pricer is 0; give 1 "
            "to 100\n");
  EXPECT_EQ(TextOfNeeds<Pricer>({.attempts = 101}),
            "main.cc:3: tests.shop.Clerk: dependency: attempts at tests.shop.Pricer is 101; give 1 "
            "to 100\n");
  EXPECT_EQ(TextOfNeeds<Pricer>({.timeout = absl::ZeroDuration()}),
            "main.cc:3: tests.shop.Clerk: dependency: timeout of tests.shop.Pricer is 0; give 1ms "
            "to 24h\n");
  EXPECT_EQ(TextOfNeeds<Pricer>({.timeout = absl::InfiniteDuration()}),
            "main.cc:3: tests.shop.Clerk: dependency: timeout of tests.shop.Pricer is inf; give "
            "1ms to 24h\n");
  EXPECT_EQ(TextOfNeeds<Pricer>({.max_in_flight = 0}),
            "main.cc:3: tests.shop.Clerk: dependency: max_in_flight of tests.shop.Pricer is 0; "
            "give 1 to 100000\n");
}

TEST(ValidateTest, BudgetsHaveBounds) {
  EXPECT_EQ(TextOfNeeds<Pricer>({.retry_budget = {.ratio = 1.5}}),
            "main.cc:3: tests.shop.Clerk: dependency: retry_budget.ratio of tests.shop.Pricer is "
            "1.5; give 0 to 1\n");
  EXPECT_EQ(TextOfNeeds<Pricer>({.retry_budget = {.ratio = std::nan("")}}),
            "main.cc:3: tests.shop.Clerk: dependency: retry_budget.ratio of tests.shop.Pricer is "
            "nan; give 0 to 1\n");
  EXPECT_EQ(TextOfNeeds<Pricer>({.retry_budget = {.burst = -1}}),
            "main.cc:3: tests.shop.Clerk: dependency: retry_budget.burst of tests.shop.Pricer is "
            "-1; give 0 to 100000\n");
  EXPECT_EQ(TextOfNeeds<Pricer>({.retry_budget = {.ratio = 0, .burst = 0}}), "");
}

TEST(ValidateTest, AttemptsAtWhatMayNotBeRepeatedNameTheLinesOfTheContract) {
  EXPECT_EQ(TextOfNeeds<Till>({.attempts = 3}),
            "main.cc:3: tests.shop.Clerk: dependency: 3 attempts at tests.shop.Till would never be "
            "made: none of its unary methods may be repeated; add `option idempotency_level = "
            "IDEMPOTENT;` at shop.proto:15 (RunRemote), shop.proto:16 (Refund) where repeating "
            "does no harm, or leave attempts at 1\n");
}

TEST(ValidateTest, AttemptsAtStreamsNameTheService) {
  EXPECT_EQ(TextOfNeeds<Feed>({.attempts = 2}),
            "main.cc:3: tests.shop.Clerk: dependency: 2 attempts at tests.shop.Feed would never be "
            "made: it has no unary methods (shop.proto:21), and a stream is not repeated; leave "
            "attempts at 1\n");
}

TEST(ValidateTest, ACycleIsNamedWhole) {
  EXPECT_EQ(Text(ChainOf({ChainletAt<Clerk>(3, {On<Till>()}), ChainletAt<Till>(4, {On<Pricer>()}),
                          ChainletAt<Pricer>(5, {On<Feed>()}), ChainletAt<Feed>(6, {On<Till>()})})),
            "main.cc:4: tests.shop.Till: cycle: tests.shop.Till (main.cc:4) → tests.shop.Pricer "
            "(main.cc:5) → tests.shop.Feed (main.cc:6) → tests.shop.Till: none of them can be "
            "built before the others; remove one of these dependencies\n");
}

TEST(ValidateTest, AChainletThatNeedsItselfIsACycle) {
  EXPECT_EQ(Text(ChainOf({ChainletAt<Clerk>(3, {On<Clerk>()})})),
            "main.cc:3: tests.shop.Clerk: cycle: tests.shop.Clerk (main.cc:3) → tests.shop.Clerk: "
            "none of them can be built before the others; remove one of these dependencies\n");
}

TEST(ValidateTest, EveryCycleIsNamed) {
  EXPECT_EQ(
      Validate(ChainOf({ChainletAt<Clerk>(3, {On<Till>(), On<Feed>()}),
                        ChainletAt<Till>(4, {On<Clerk>()}), ChainletAt<Feed>(5, {On<Feed>()})}))
          .size(),
      2);
}

// ---- Resources.

TEST(ValidateTest, CpusAreMoreThanNone) {
  const double wrong[] = {0, -0.5, 1025, std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN()};
  for (double cpus : wrong) {
    EXPECT_THAT(
        TextOfOne([&](ChainletSpec& it) { it.resources.cpus = cpus; }),
        testing::AllOf(testing::StartsWith("main.cc:3: tests.shop.Pricer: resources: cpus is "),
                       testing::EndsWith("; give more than 0, at most 1024\n")));
  }
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.resources.cpus = 0.1; }), "");
}

TEST(ValidateTest, MemoryIsASize) {
  for (const char* memory : {"", "2 Gi", "2G", "1.5Gi", "-1Gi", "Gi", "1024", "65Ti",
                             "99999999999999999999", "9999999999Ti", "2gi"}) {
    EXPECT_EQ(TextOfOne([&](ChainletSpec& it) { it.resources.memory = memory; }),
              std::string("main.cc:3: tests.shop.Pricer: resources: memory is \"") + memory +
                  "\"; give 16Mi to 64Ti: a whole number of bytes, or with Ki, Mi, Gi or Ti, such "
                  "as \"2Gi\"\n");
  }
  for (const char* memory : {"16Mi", "64Ti", "2Gi", "16384Ki", "1073741824"}) {
    EXPECT_EQ(TextOfOne([&](ChainletSpec& it) { it.resources.memory = memory; }), "") << memory;
  }
}

TEST(ValidateTest, GpusAreOfAKnownTypeAndCounted) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.resources.gpu = "a100"; }),
            "main.cc:3: tests.shop.Pricer: resources: gpu is \"a100\"; give one of T4, L4, A10G, "
            "A100, H100, H100_40GB, H200, B200\n");
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.resources = {.gpu = "L4", .gpu_count = 9}; }),
            "main.cc:3: tests.shop.Pricer: resources: gpu_count is 9; give 1 to 8\n");
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.resources.gpu_count = 2; }),
            "main.cc:3: tests.shop.Pricer: resources: gpu_count is 2, but gpu names no type; name "
            "one, or leave gpu_count out\n");
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.resources = {.gpu = "L4", .gpu_count = 8}; }), "");
}

TEST(ValidateTest, WhatBelongsToAGpuNeedsOne) {
  EXPECT_EQ(
      TextOfOne([](ChainletSpec& it) { it.resources.gpu_module = "shop_cuda"; }),
      "main.cc:3: tests.shop.Pricer: resources: gpu_module is \"shop_cuda\", but gpu names no "
      "type; name one, or leave gpu_module out\n");
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.resources.gpu_optional = true; }),
            "main.cc:3: tests.shop.Pricer: resources: gpu_optional is true, but gpu names no type; "
            "name one, or leave gpu_optional out\n");
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) {
              it.resources = {.gpu = "L4", .gpu_module = "shop_cuda", .gpu_optional = true};
            }),
            "");
}

TEST(ValidateTest, AGpuModuleIsANameAndNoPath) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) {
              it.resources = {.gpu = "L4", .gpu_module = "../shop_cuda.so"};
            }),
            "main.cc:3: tests.shop.Pricer: resources: gpu_module is \"../shop_cuda.so\"; give the "
            "name of chains_add_gpu_module(): letters, digits, '-' and '_'\n");
}

// ---- Autoscaling and limits.

TEST(ValidateTest, AutoscalingHasBounds) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) {
              it.autoscaling = {.min_replica = -1,
                                .max_replica = 0,
                                .autoscaling_window = absl::Seconds(9),
                                .scale_down_delay = absl::Seconds(3601),
                                .max_scale_down_rate = 51,
                                .concurrency_target = 0,
                                .target_utilization_percentage = 101};
            }),
            "main.cc:3: tests.shop.Pricer: autoscaling: min_replica is -1; give 0 to 1000\n"
            "main.cc:3: tests.shop.Pricer: autoscaling: max_replica is 0; give 1 to 1000\n"
            "main.cc:3: tests.shop.Pricer: autoscaling: autoscaling_window is 9s; give 10s to 1h\n"
            "main.cc:3: tests.shop.Pricer: autoscaling: scale_down_delay is 1h1s; give 0 to 1h\n"
            "main.cc:3: tests.shop.Pricer: autoscaling: max_scale_down_rate is 51; give 1 to 50\n"
            "main.cc:3: tests.shop.Pricer: autoscaling: concurrency_target is 0; give 1 to 100000\n"
            "main.cc:3: tests.shop.Pricer: autoscaling: target_utilization_percentage is 101; give "
            "1 to 100\n");
}

TEST(ValidateTest, TheFewestReplicasAreNotMoreThanTheMost) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.autoscaling.min_replica = 2; }),
            "main.cc:3: tests.shop.Pricer: autoscaling: min_replica is 2, above max_replica, which "
            "is 1; raise max_replica or lower min_replica\n");
}

TEST(ValidateTest, ScalingDoesNotAimAtMoreThanAReplicaTakes) {
  EXPECT_EQ(
      TextOfOne([](ChainletSpec& it) {
        it.autoscaling.concurrency_target = 9;
        it.limits.concurrency_limit = 8;
      }),
      "main.cc:3: tests.shop.Pricer: limits: concurrency_target is 9, but a replica runs no more "
      "than concurrency_limit calls at a time, which is 8; raise the limit or lower the target\n");
}

TEST(ValidateTest, LimitsHaveBounds) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) {
              it.limits = {.concurrency_limit = 100'001, .max_queued = -1};
            }),
            "main.cc:3: tests.shop.Pricer: limits: concurrency_limit is 100001; give 1 to 100000\n"
            "main.cc:3: tests.shop.Pricer: limits: max_queued is -1; give 0 to 1000000\n");
}

// ---- Settings.

TEST(ValidateTest, ADisplayNameIsAWord) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.settings.display_name = "The Pricer"; }),
            "main.cc:3: tests.shop.Pricer: display_name: it is \"The Pricer\"; use letters, "
            "digits, '-' and '_'\n");
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) { it.settings.display_name = "The-Pricer_2"; }), "");
}

TEST(ValidateTest, SecretsHaveNamesAndAreListedOnce) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) {
              it.settings.secrets = {"api-key", "", "api key", "api-key", "api-key"};
            }),
            "main.cc:3: tests.shop.Pricer: secrets: \"\" is no name of a secret; use letters, "
            "digits, '.', '-' and '_'\n"
            "main.cc:3: tests.shop.Pricer: secrets: \"api key\" is no name of a secret; use "
            "letters, digits, '.', '-' and '_'\n"
            "main.cc:3: tests.shop.Pricer: secrets: \"api-key\" is listed twice; remove one\n");
}

TEST(ValidateTest, VariablesHaveNamesAndAreNoSecrets) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) {
              it.settings.secrets = {"TOKEN"};
              it.settings.variables = {{"2ND", "a"}, {"A B", "b"}, {"TOKEN", "c"}, {"_OK2", "d"}};
            }),
            "main.cc:3: tests.shop.Pricer: variables: \"2ND\" is no name of a variable; use "
            "letters, digits and '_', and no digit at first\n"
            "main.cc:3: tests.shop.Pricer: variables: \"A B\" is no name of a variable; use "
            "letters, digits and '_', and no digit at first\n"
            "main.cc:3: tests.shop.Pricer: variables: TOKEN is a secret too, and what a variable "
            "holds anybody may read; remove one of the two\n");
}

TEST(ValidateTest, AssetsHaveNameSourceAndDigest) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) {
              it.settings.assets = {
                  {.name = "my weights", .source = "https://example.com/weights"},
                  {.name = "empty", .source = ""},
                  {.name = "digest", .source = "s3://bucket/file", .sha256 = "abc"},
                  {.name = "empty", .source = "https://example.com/2"},
                  {.name = "good", .source = "hf://a/b", .sha256 = std::string(64, 'a')}};
            }),
            "main.cc:3: tests.shop.Pricer: assets: \"my weights\" is no name of an asset; use "
            "letters, digits, '.', '-' and '_'\n"
            "main.cc:3: tests.shop.Pricer: assets: empty has no source; give a path or a URL\n"
            "main.cc:3: tests.shop.Pricer: assets: sha256 of digest is \"abc\"; give the 64 "
            "hexadecimal digits that sha256sum prints\n"
            "main.cc:3: tests.shop.Pricer: assets: \"empty\" is listed twice; remove one\n");
}

TEST(ValidateTest, FilesOfAssetsAreThere) {
  const auto needs_a_file = [](ChainletSpec& it) {
    it.settings.assets = {{.name = "weights", .source = "no/such/file"}};
  };
  EXPECT_EQ(TextOfOne(needs_a_file),
            "main.cc:3: tests.shop.Pricer: assets: there is no file no/such/file for weights; put "
            "it there, or give another path, absolute or from the working directory\n");
  ChainSpec chain = ChainOf({ChainletAt<Pricer>(3)});
  needs_a_file(chain.chainlets[0]);
  EXPECT_EQ(ProblemText(Validate(chain, {.assets = {{"weights", "/"}}})), "");
  EXPECT_EQ(ProblemText(Validate(chain, {.fakes = {"tests.shop.Pricer"}})), "");
}

TEST(ValidateTest, ImagesAndPackagesHaveNames) {
  EXPECT_EQ(
      TextOfOne([](ChainletSpec& it) {
        it.settings.base_image = "debian 12";
        it.settings.system_packages = {"ffmpeg", "libc++-dev=1.2~3", "sox ffmpeg", "-y", "ffmpeg"};
      }),
      "main.cc:3: tests.shop.Pricer: base_image: \"debian 12\" is no name of an image; give it as "
      "\"debian:12\" or \"registry/name:tag\"\n"
      "main.cc:3: tests.shop.Pricer: system_packages: \"sox ffmpeg\" is no name of a package; give "
      "each as apt knows it, in a string of its own\n"
      "main.cc:3: tests.shop.Pricer: system_packages: \"-y\" is no name of a package; give each as "
      "apt knows it, in a string of its own\n"
      "main.cc:3: tests.shop.Pricer: system_packages: \"ffmpeg\" is listed twice; remove one\n");
}

TEST(ValidateTest, HealthThresholdsHaveBoundsAndOrder) {
  EXPECT_EQ(TextOfOne([](ChainletSpec& it) {
              it.settings.health = {.stop_traffic_after = absl::Seconds(60),
                                    .restart_after = absl::Milliseconds(10)};
            }),
            "main.cc:3: tests.shop.Pricer: health: restart_after is 10ms; give 1s to 24h\n"
            "main.cc:3: tests.shop.Pricer: health: restart_after is 10ms, before "
            "stop_traffic_after, which is 1m; restart no earlier than traffic stops\n");
}

}  // namespace
}  // namespace chains::internal
