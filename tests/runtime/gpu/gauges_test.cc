// Gauges: what is measured of the devices that a process uses.
#include "chains/gpu/gauges.h"

#include <gtest/gtest.h>

#include "chains/core/wait.h"
#include "chains/gpu/worker.h"
#include "pretend.h"

namespace chains::gpu {
namespace {

class GaugesTest : public PretendedTest {
 protected:
  DeviceGauges Of0(absl::Time now) {
    for (const DeviceGauges& device : gauges_.Collect(now)) {
      if (device.index == 0) return device;
    }
    ADD_FAILURE() << "device 0 is not measured";
    return {};
  }
  Gauges gauges_;
  const absl::Time begin_ = absl::FromUnixSeconds(1'900'000'000);
};

TEST_F(GaugesTest, ShowMemoryOfTheDeviceAndOfWorkers) {
  std::unique_ptr<Worker> worker = *Worker::Open(PretendedModule(), 0, {});
  absl::StatusOr<Stream> stream = worker->OpenStream();
  absl::StatusOr<Memory> used = stream->DeviceMemory(1 << 20);
  { const absl::StatusOr<Memory> kept = stream->PinnedMemory(4096); }
  const DeviceGauges device = Of0(begin_);
  EXPECT_EQ(device.type, "A10G");
  EXPECT_EQ(device.id, "GPU-0");
  EXPECT_EQ(device.memory_total, int64_t{1} << 30);
  EXPECT_EQ(device.memory_used, (1 << 20) + 4096);
  EXPECT_EQ(device.device_used, 1 << 20);
  EXPECT_EQ(device.device_kept, 0);
  EXPECT_EQ(device.pinned_used, 0);
  EXPECT_EQ(device.pinned_kept, 4096);
  EXPECT_EQ(device.queue, 0);
}

TEST_F(GaugesTest, UtilizationIsTheTimeOfWorkInTheTimeBetween) {
  std::unique_ptr<Worker> worker = *Worker::Open(PretendedModule(), 0, {});
  EXPECT_EQ(Of0(begin_).utilization, 0);
  auto works = [](Worker& gpu) -> Task<void> {
    Stream stream = co_await gpu.OpenStream();
    co_await stream.Use();
    co_await gpu.Done(stream);
  };
  ASSERT_TRUE(Wait(works(*worker)).ok());
  const DeviceGauges after = Of0(begin_ + absl::Hours(1));
  EXPECT_GT(after.busy_seconds, 0);
  EXPECT_NEAR(after.utilization, after.busy_seconds / 3600, 1e-12);
  const DeviceGauges idle = Of0(begin_ + absl::Hours(2));
  EXPECT_EQ(idle.utilization, 0);
  EXPECT_EQ(idle.busy_seconds, after.busy_seconds);
  ASSERT_TRUE(Wait(works(*worker)).ok());
  EXPECT_EQ(Of0(begin_ + absl::Hours(2) + absl::Nanoseconds(1)).utilization, 1);
}

TEST_F(GaugesTest, ADeviceOfNoDeclaredTypeHasItsMakersName) {
  Pretend().set_machine(MachineWith({DeviceCalled("NVIDIA GeForce RTX 4090", 24, 89)}));
  std::unique_ptr<Worker> worker = *Worker::Open(PretendedModule(), 0, {});
  EXPECT_EQ(Of0(begin_).type, "NVIDIA GeForce RTX 4090");
}

TEST_F(GaugesTest, ADeviceThatCrashedIsLeftOut) {
  std::unique_ptr<Worker> worker = *Worker::Open(PretendedModule(), 0, {});
  {
    absl::StatusOr<Stream> stream = worker->OpenStream();
    Pretend().crash(*stream->Use());
  }
  worker.reset();
  for (const DeviceGauges& device : gauges_.Collect(begin_)) EXPECT_NE(device.index, 0);
}

}  // namespace
}  // namespace chains::gpu
