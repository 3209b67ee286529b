// The real module. What needs a device is skipped, loudly, where there is none. ctest runs each
// case in a process of its own, so one may crash the device.
#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "chains/gpu/device.h"
#include "chains/gpu/gauges.h"
#include "chains/gpu/status.h"
#include "chains/gpu/worker.h"
#include "chains/testing/status_matchers.h"
#include "scale.h"

namespace chains::gpu {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

const Module& CudaModule() {
  absl::StatusOr<const Module*> module = Module::Load(CUDA_MODULE);
  EXPECT_TRUE(module.ok()) << module.status();
  return **module;
}

TEST(CudaModuleTest, IsLoadedAlsoWhereThereIsNoDevice) {
  const Module& module = CudaModule();
  EXPECT_THAT(std::string(module.description()), AllOf(HasSubstr("CUDA"), HasSubstr("cuDNN")));
  EXPECT_THAT(module.Export<ScaleExport>(kScaleName), IsOk());
}

TEST(CudaModuleTest, SaysWhatIsMissingWhereThereIsNoDevice) {
  const absl::StatusOr<std::vector<Device>> devices = Devices(CudaModule());
  if (devices.ok()) {
    EXPECT_GE(devices->size(), 1U);
    return;
  }
  EXPECT_THAT(devices.status(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                         AnyOf(HasSubstr("no NVIDIA driver"), HasSubstr("too old"),
                                               HasSubstr("no device"))));
  EXPECT_THAT(Worker::Open(CudaModule(), 0, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("device 0 is wanted")));
  EXPECT_THAT(CheckHealth(CudaModule(), 0), StatusIs(absl::StatusCode::kFailedPrecondition));
}

class CudaDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const absl::StatusOr<std::vector<Device>> devices = Devices(CudaModule());
    if (!devices.ok()) GTEST_SKIP() << "SKIPPED: " << MessageOf(devices.status());
    worker_ = *Worker::Open(CudaModule(), 0, {});
  }
  std::unique_ptr<Worker> worker_;
};

Task<float> Scaled(Worker& worker, float value, float factor) {
  constexpr int32_t kCount = 1 << 16;
  constexpr int64_t kBytes = kCount * sizeof(float);
  Stream stream = co_await worker.OpenStream();
  Memory here = co_await stream.PinnedMemory(kBytes);
  Memory there = co_await stream.DeviceMemory(kBytes);
  for (int32_t i = 0; i < kCount; ++i) here.as<float>()[i] = value;
  co_await stream.CopyToDevice(there, here, kBytes);
  const ScaleExport* exported = co_await worker.module().Export<ScaleExport>(kScaleName);
  abi::Stream* on = co_await stream.Use();
  co_await Call(exported->scale, on, there.as<float>(), kCount, factor);
  co_await stream.CopyToHost(here, there, kBytes);
  co_await worker.Done(stream);
  co_return here.as<float>()[kCount - 1];
}

TEST_F(CudaDeviceTest, ComputesOnManyStreams) {
  std::vector<Task<float>> all;
  for (int i = 0; i < 16; ++i) all.push_back(Scaled(*worker_, static_cast<float>(i), 3));
  absl::StatusOr<std::vector<float>> values = Wait(All(std::move(all)));
  ASSERT_THAT(values, IsOk());
  for (int i = 0; i < 16; ++i) EXPECT_EQ((*values)[static_cast<size_t>(i)], 3.0F * i);
}

TEST_F(CudaDeviceTest, IsMeasured) {
  Gauges gauges;
  ASSERT_FALSE(gauges.Collect(absl::Now()).empty());
  for (int i = 0; i < 3; ++i) ASSERT_THAT(Wait(Scaled(*worker_, 1, 2)), IsOk());
  const DeviceGauges device = gauges.Collect(absl::Now()).front();
  EXPECT_GT(device.memory_used, 0);
  EXPECT_GT(device.memory_total, device.memory_used);
  EXPECT_GT(device.busy_seconds, 0);
  EXPECT_GT(device.device_kept, 0);
}

TEST_F(CudaDeviceTest, SaysThatItHasNotSoMuchMemory) {
  worker_ = *Worker::Open(CudaModule(), 0, {.device_bytes = int64_t{1} << 50});
  absl::StatusOr<Stream> stream = worker_->OpenStream();
  ASSERT_THAT(stream, IsOk());
  EXPECT_THAT(stream->DeviceMemory(int64_t{1} << 44),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("are free"), HasSubstr("module.cc:"))));
  EXPECT_THAT(Wait(Scaled(*worker_, 1, 2)), IsOk());
}

Task<void> Crash(Worker& worker) {
  Stream stream = co_await worker.OpenStream();
  const ScaleExport* exported = co_await worker.module().Export<ScaleExport>(kScaleName);
  abi::Stream* on = co_await stream.Use();
  co_await Call(exported->scale, on, nullptr, 1, 1.0F);
  co_await worker.Done(stream);
}

TEST_F(CudaDeviceTest, ACrashEndsTheWaitAndShowsInItsHealth) {
  EXPECT_THAT(CheckHealth(CudaModule(), 0), IsOk());
  EXPECT_THAT(Wait(Crash(*worker_)),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("cudaErrorIllegalAddress"), HasSubstr("cuda_test.cc:"))));
  EXPECT_THAT(CheckHealth(CudaModule(), 0), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Wait(Crash(*worker_)), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace chains::gpu
