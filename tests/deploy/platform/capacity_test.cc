#include "deploy/platform/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::IsOkAndHolds;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kGiB = int64_t{1} << 30;

v1::Resources Of(int64_t memory, int gpus = 0) {
  v1::Resources resources;
  resources.set_cpus(1);
  resources.set_memory_bytes(memory);
  resources.set_gpu_count(gpus);
  if (gpus > 0) resources.set_gpu("T4");
  return resources;
}

TEST(CapacityTest, ThisMachineHasSomething) {
  const Capacity capacity = CapacityOfThisMachine();
  EXPECT_GE(capacity.cpus, 1);
  EXPECT_GT(capacity.memory_bytes, 1 << 20);
  EXPECT_GE(capacity.gpus, 0);
}

TEST(CapacityTest, MemoryIsGivenOnce) {
  const Capacity capacity{.cpus = 1, .memory_bytes = 4 * kGiB, .gpus = 0};
  Reserved reserved;
  EXPECT_THAT(reserved.MakeRoom(Of(4 * kGiB), capacity), IsOkAndHolds(IsEmpty()));
  reserved.Add(Of(3 * kGiB), {});
  EXPECT_THAT(reserved.MakeRoom(Of(kGiB), capacity), IsOk());
  EXPECT_THAT(reserved.MakeRoom(Of(kGiB + 1), capacity),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("1 GiB"), HasSubstr("of 4 GiB others have 3 GiB"))));
}

TEST(CapacityTest, CpusMayBePromisedTwice) {
  const Capacity capacity{.cpus = 1, .memory_bytes = kGiB, .gpus = 0};
  Reserved reserved;
  reserved.Add(Of(0), {});
  reserved.Add(Of(0), {});
  EXPECT_THAT(reserved.MakeRoom(Of(0), capacity), IsOk());
  EXPECT_EQ(reserved.cpus(), 2);
}

TEST(CapacityTest, AGpuIsOneReplicasAlone) {
  const Capacity capacity{.cpus = 1, .memory_bytes = kGiB, .gpus = 3};
  Reserved reserved;
  reserved.Add(Of(0, 1), {1});
  EXPECT_THAT(reserved.MakeRoom(Of(0, 2), capacity), IsOkAndHolds(ElementsAre(0, 2)));
  EXPECT_THAT(reserved.MakeRoom(Of(0, 3), capacity),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("3 T4")));
  EXPECT_THAT(reserved.MakeRoom(Of(0, 0), capacity), IsOkAndHolds(IsEmpty()));
}

TEST(CapacityTest, WhatCanNeverFitIsShownAsASum) {
  const Capacity capacity{.cpus = 1, .memory_bytes = 4 * kGiB, .gpus = 1};
  EXPECT_THAT(CheckCanFit({Of(kGiB), Of(3 * kGiB, 1)}, capacity), IsOk());
  EXPECT_THAT(CheckCanFit({Of(3 * kGiB / 2), Of(3 * kGiB)}, capacity),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("1.5 GiB + 3 GiB = 4.5 GiB of memory, and this machine gives 4")));
  EXPECT_THAT(CheckCanFit({Of(0, 1), Of(0, 1)}, capacity),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("2 GPUs")));
}

v1::Resources OrNone(v1::Resources resources) {
  resources.set_gpu_optional(true);
  return resources;
}

TEST(CapacityTest, WhatCanDoWithoutAGpuRunsOnCpusWhereThereAreNotEnough) {
  const Capacity none{.cpus = 1, .memory_bytes = kGiB, .gpus = 0};
  const Capacity one{.cpus = 1, .memory_bytes = kGiB, .gpus = 1};
  EXPECT_TRUE(RunsOnCpus(OrNone(Of(0, 1)), none));
  EXPECT_FALSE(RunsOnCpus(Of(0, 1), none));
  EXPECT_FALSE(RunsOnCpus(OrNone(Of(0, 1)), one));
  EXPECT_TRUE(RunsOnCpus(OrNone(Of(0, 2)), one));
  EXPECT_FALSE(RunsOnCpus(OrNone(Of(0, 0)), none));
  const Reserved reserved;
  EXPECT_THAT(reserved.MakeRoom(OrNone(Of(0, 1)), none), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reserved.MakeRoom(OrNone(Of(0, 1)), one), IsOkAndHolds(ElementsAre(0)));
  EXPECT_THAT(reserved.MakeRoom(OrNone(Of(kGiB + 1, 1)), none),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("of memory")));
}

TEST(CapacityTest, WhatCanDoWithoutAGpuWaitsForOneThatOthersHave) {
  const Capacity one{.cpus = 1, .memory_bytes = kGiB, .gpus = 1};
  Reserved reserved;
  reserved.Add(Of(0, 1), {0});
  EXPECT_THAT(reserved.MakeRoom(OrNone(Of(0, 1)), one),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(CapacityTest, TheSumOfGpusShowsWhatCannotDoWithout) {
  const Capacity none{.cpus = 1, .memory_bytes = kGiB, .gpus = 0};
  EXPECT_THAT(CheckCanFit({OrNone(Of(0, 1)), OrNone(Of(0, 4))}, none), IsOk());
  EXPECT_THAT(CheckCanFit({OrNone(Of(0, 1)), Of(0, 2), Of(0, 1)}, none),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("2 × T4 + 1 × T4 = 3 GPUs, and this machine has 0"),
                             HasSubstr("gpu_optional"))));
}

TEST(CapacityTest, MemoryIsShownInItsUnit) {
  EXPECT_EQ(MemoryText(512 << 20), "512 MiB");
  EXPECT_EQ(MemoryText(kGiB), "1 GiB");
  EXPECT_EQ(MemoryText(kGiB * 3 / 2), "1.5 GiB");
}

}  // namespace
}  // namespace chains::deploy
