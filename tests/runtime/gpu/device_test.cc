// Devices: their types, what is declared against what is there, and each thing that can be missing.
#include "chains/gpu/device.h"

#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/gpu/status.h"
#include "chains/gpu/worker.h"
#include "chains/testing/status_matchers.h"
#include "pretend.h"

namespace chains::gpu {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(TypeOfTest, KnowsTheTypesThatCanBeDeclared) {
  EXPECT_EQ(TypeOf("Tesla T4"), "T4");
  EXPECT_EQ(TypeOf("NVIDIA L4"), "L4");
  EXPECT_EQ(TypeOf("NVIDIA A10G"), "A10G");
  EXPECT_EQ(TypeOf("NVIDIA A100-SXM4-80GB"), "A100");
  EXPECT_EQ(TypeOf("NVIDIA A100-PCIE-40GB"), "A100");
  EXPECT_EQ(TypeOf("NVIDIA H100 80GB HBM3"), "H100");
  EXPECT_EQ(TypeOf("NVIDIA H100 PCIe"), "H100");
  EXPECT_EQ(TypeOf("NVIDIA H200"), "H200");
  EXPECT_EQ(TypeOf("NVIDIA B200"), "B200");
}

TEST(TypeOfTest, TakesNoOtherForOneOfThem) {
  EXPECT_EQ(TypeOf("NVIDIA L40S"), "");
  EXPECT_EQ(TypeOf("NVIDIA A10"), "");
  EXPECT_EQ(TypeOf("NVIDIA GH200 480GB"), "");
  EXPECT_EQ(TypeOf("NVIDIA GeForce RTX 4090"), "");
  EXPECT_EQ(TypeOf(""), "");
}

TEST(TypeOfTest, APartOfACardIsNotTheCard) {
  EXPECT_EQ(TypeOf("NVIDIA H100 80GB HBM3 MIG 3g.40gb"), "H100_40GB");
  EXPECT_EQ(TypeOf("NVIDIA H100 80GB HBM3 MIG 1g.10gb"), "");
  EXPECT_EQ(TypeOf("NVIDIA A100-SXM4-40GB MIG 3g.20gb"), "");
}

TEST(StandsForTest, WhatCanAndHoldsAtLeastAsMuchWillDo) {
  const Device rtx = {
      .name = "RTX 4090", .memory_bytes = int64_t{24} << 30, .compute_capability = 89};
  EXPECT_TRUE(StandsFor(rtx, "A10G"));
  EXPECT_TRUE(StandsFor(rtx, "T4"));
  EXPECT_FALSE(StandsFor(rtx, "H100"));  // older
  EXPECT_FALSE(StandsFor(rtx, "A100"));  // of a smaller memory
  EXPECT_FALSE(StandsFor(rtx, "M60"));   // nobody knows what that is
}

class DevicesTest : public PretendedTest {};

TEST_F(DevicesTest, AreListedAsTheyAre) {
  Pretend().set_machine(MachineWith({DeviceCalled("NVIDIA H100 80GB HBM3", 79, 90),
                                     DeviceCalled("NVIDIA GeForce RTX 2080", 8, 75)}));
  absl::StatusOr<std::vector<Device>> devices = Devices(PretendedModule());
  ASSERT_TRUE(devices.ok()) << devices.status();
  ASSERT_EQ(devices->size(), 2U);
  EXPECT_EQ((*devices)[0].type, "H100");
  EXPECT_EQ((*devices)[0].id, "GPU-0");
  EXPECT_EQ((*devices)[0].compute_capability, 90);
  EXPECT_EQ((*devices)[0].driver_version, 13000);
  EXPECT_EQ((*devices)[1].index, 1);
  EXPECT_EQ((*devices)[1].type, "");
  EXPECT_EQ((*devices)[1].name, "NVIDIA GeForce RTX 2080");
  EXPECT_EQ((*devices)[1].memory_bytes, int64_t{8} << 30);
}

TEST_F(DevicesTest, SayThatThereIsNoDriver) {
  PretendedMachine machine;
  machine.driver_version = 0;
  Pretend().set_machine(machine);
  EXPECT_THAT(ChooseDevices(PretendedModule(), "A10G", 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("1 × A10G"), HasSubstr("no NVIDIA driver"),
                             HasSubstr("libcuda.so.1"))));
}

TEST_F(DevicesTest, SayThatTheDriverIsTooOld) {
  PretendedMachine machine = MachineWith({DeviceCalled("NVIDIA A10G", 23, 86)});
  machine.driver_version = 12040;
  Pretend().set_machine(machine);
  EXPECT_THAT(ChooseDevices(PretendedModule(), "A10G", 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("too old"), HasSubstr("12.4"), HasSubstr("13.0"))));
}

TEST_F(DevicesTest, SayThatThereIsNone) {
  Pretend().set_machine(MachineWith({}));
  EXPECT_THAT(ChooseDevices(PretendedModule(), "A10G", 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("lists no device"), HasSubstr("CUDA_VISIBLE_DEVICES"))));
}

TEST_F(DevicesTest, SayWhatIsThereInsteadOfWhatWasWanted) {
  Pretend().set_machine(
      MachineWith({DeviceCalled("Tesla T4", 15, 75), DeviceCalled("NVIDIA A10G", 23, 86)}));
  EXPECT_THAT(ChooseDevices(PretendedModule(), "A10G", 2),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "2 × A10G wanted, and of 2 here 1 will do: Tesla T4 (15 GiB, compute "
                       "capability 7.5), NVIDIA A10G (23 GiB, compute capability 8.6)"));
}

TEST_F(DevicesTest, AreChosenByWhatIsDeclared) {
  Pretend().set_machine(
      MachineWith({DeviceCalled("Tesla T4", 15, 75), DeviceCalled("NVIDIA A10G", 23, 86)}));
  absl::StatusOr<Found> found =
      FindDevices({.module = "pretended_gpu", .type = "A10G", .count = 1});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->module, &PretendedModule());
  ASSERT_EQ(found->devices.size(), 1U);
  EXPECT_EQ(found->devices[0].index, 1);
  EXPECT_THAT(PretendedModule().used_devices(), ::testing::Contains(1));
}

TEST_F(DevicesTest, NeedTheirModule) {
  EXPECT_THAT(FindDevices({.module = "other_gpu", .type = "A10G", .count = 1}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'other_gpu'")));
}

TEST_F(DevicesTest, AreWellUntilOneCrashes) {
  EXPECT_THAT(CheckHealth(PretendedModule(), 0), IsOk());
  absl::StatusOr<std::unique_ptr<Worker>> worker = Worker::Open(PretendedModule(), 0, {});
  ASSERT_TRUE(worker.ok()) << worker.status();
  {
    absl::StatusOr<Stream> stream = (*worker)->OpenStream();
    Pretend().crash(*stream->Use());
  }
  worker->reset();  // waits for the work
  EXPECT_THAT(CheckHealth(PretendedModule(), 0),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("IllegalAddress")));
  EXPECT_THAT(Worker::Open(PretendedModule(), 0, {}), StatusIs(absl::StatusCode::kInternal));
}

TEST(StatusOfTest, NeverIsOk) {
  abi::Error error;
  EXPECT_THAT(StatusOf(error), StatusIs(absl::StatusCode::kInternal, HasSubstr("does not say")));
  error.code = 99;
  error.message[0] = 'x';
  EXPECT_THAT(StatusOf(error), StatusIs(absl::StatusCode::kInternal, "x"));
  error.code = 8;
  for (char& letter : error.message) letter = 'y';  // and no zero at the end
  EXPECT_THAT(StatusOf(error), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(StatusOf(error).message().size(), sizeof(error.message));
}

}  // namespace
}  // namespace chains::gpu
