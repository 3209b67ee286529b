// Worker: streams and memory that go around, and come back only when the device has done with them.
#include "chains/gpu/worker.h"

#include <cstring>
#include <optional>

#include <gtest/gtest.h>

#include "chains/core/wait.h"
#include "chains/gpu/status.h"
#include "chains/testing/status_matchers.h"
#include "pretend.h"

namespace chains::gpu {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

class WorkerTest : public PretendedTest {
 protected:
  std::unique_ptr<Worker> Open(WorkerOptions options = {}) {
    return *Worker::Open(PretendedModule(), 0, options);
  }
};

// Three copies and a kernel, in the stream's order.
Task<float> Twice(Worker& worker, float value) {
  Stream stream = co_await worker.OpenStream();
  Memory here = co_await stream.PinnedMemory(sizeof(float));
  Memory there = co_await stream.DeviceMemory(sizeof(float));
  *here.as<float>() = value;
  co_await stream.CopyToDevice(there, here, sizeof(float));
  const ScaleExport* exported = co_await worker.module().Export<ScaleExport>(kScaleName);
  abi::Stream* on = co_await stream.Use();
  co_await Call(exported->scale, on, there.as<float>(), 1, 2.0F);
  co_await stream.CopyToHost(here, there, sizeof(float));
  co_await worker.Done(stream);
  co_return *here.as<float>();
}

TEST_F(WorkerTest, ComputesInTheOrderOfAStream) {
  std::unique_ptr<Worker> worker = Open();
  EXPECT_THAT(Wait(Twice(*worker, 21)), IsOkAndHolds(42));
  EXPECT_THAT(Wait(Twice(*worker, 4)), IsOkAndHolds(8));
  EXPECT_EQ(Pretend().counts().open_streams, 1);
  EXPECT_EQ(Pretend().counts().allocations, 2);  // the second call had the first one's
}

TEST_F(WorkerTest, SaysThatADeviceDoesNotExist) {
  EXPECT_THAT(Worker::Open(PretendedModule(), 7, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no such device")));
}

TEST_F(WorkerTest, HasSoManyStreamsAndNoMore) {
  std::unique_ptr<Worker> worker = Open({.max_streams = 2});
  absl::StatusOr<Stream> first = worker->OpenStream();
  absl::StatusOr<Stream> second = worker->OpenStream();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_THAT(worker->OpenStream(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("all 2 streams"), HasSubstr("WorkerOptions.max_streams"))));
  { const Stream given_back = *std::move(first); }
  EXPECT_TRUE(worker->OpenStream().ok());
}

TEST_F(WorkerTest, MemoryIsBounded) {
  std::unique_ptr<Worker> worker = Open({.device_bytes = 1 << 20, .pinned_bytes = 4096});
  absl::StatusOr<Stream> stream = worker->OpenStream();
  EXPECT_THAT(stream->DeviceMemory(2 << 20),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("device memory")));
  EXPECT_THAT(stream->PinnedMemory(8192),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("pinned memory")));
  EXPECT_TRUE(stream->PinnedMemory(4096).ok());
}

TEST_F(WorkerTest, SaysThatTheDeviceIsOutOfMemory) {
  PretendedMachine machine = MachineWith({DeviceCalled("NVIDIA A10G", 23, 86)});
  machine.memory_free = 1000;
  Pretend().set_machine(machine);
  std::unique_ptr<Worker> worker = Open();
  absl::StatusOr<Stream> stream = worker->OpenStream();
  EXPECT_THAT(stream->DeviceMemory(5000),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("out of memory")));
}

TEST_F(WorkerTest, RefusesCopiesThatDoNotFit) {
  std::unique_ptr<Worker> worker = Open();
  absl::StatusOr<Stream> stream = worker->OpenStream();
  absl::StatusOr<Memory> here = stream->PinnedMemory(100);
  absl::StatusOr<Memory> there = stream->DeviceMemory(50);
  EXPECT_THAT(stream->CopyToDevice(*there, *here, 51),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("51 bytes")));
  EXPECT_THAT(stream->CopyToHost(*here, *there, -1), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(stream->CopyToHost(*there, *here, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("pinned")));
  EXPECT_TRUE(stream->idle());
}

TEST_F(WorkerTest, AStreamThatIsNoneSaysSo) {
  Stream none;
  EXPECT_TRUE(none.idle());
  EXPECT_THAT(none.Use(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(none.DeviceMemory(1), StatusIs(absl::StatusCode::kFailedPrecondition));
}

// What the device still writes to must not be anybody else's.
TEST_F(WorkerTest, MemoryOfARunningStreamIsNobodysUntilItsWorkHasEnded) {
  std::unique_ptr<Worker> worker = Open({.device_bytes = 1024});
  absl::StatusOr<Stream> stream = worker->OpenStream();
  {
    absl::StatusOr<Memory> memory = stream->DeviceMemory(1024);
    ASSERT_TRUE(memory.ok());
    Pretend().hold(*stream->Use());
  }  // dropped while the device works on it
  EXPECT_THAT(stream->DeviceMemory(1024), StatusIs(absl::StatusCode::kResourceExhausted));
  Pretend().release();
  auto wait = [](Worker& gpu, Stream& on) -> Task<void> { co_await gpu.Done(on); };
  EXPECT_THAT(Wait(wait(*worker, *stream)), IsOk());
  EXPECT_TRUE(stream->DeviceMemory(1024).ok());
  EXPECT_EQ(Pretend().counts().allocations, 1);
}

TEST_F(WorkerTest, ARunningStreamIsNobodysUntilItsWorkHasEnded) {
  std::unique_ptr<Worker> worker = Open({.max_streams = 1});
  {
    absl::StatusOr<Stream> stream = worker->OpenStream();
    Pretend().hold(*stream->Use());
  }
  EXPECT_THAT(worker->OpenStream(), StatusIs(absl::StatusCode::kResourceExhausted));
  Pretend().release();
  absl::StatusOr<Stream> again = worker->OpenStream();
  while (!again.ok()) again = worker->OpenStream();  // the driver's thread says so when it will
  EXPECT_TRUE(again->idle());
}

TEST_F(WorkerTest, WhatWasBorrowedMayOutliveIt) {
  std::unique_ptr<Worker> worker = Open();
  std::optional<Stream> stream = *worker->OpenStream();
  std::optional<Memory> memory = *stream->PinnedMemory(1000);
  worker.reset();
  std::memset(memory->data(), 1, 1000);
  stream.reset();
  EXPECT_EQ(Pretend().counts().open_contexts, 1);
  memory.reset();
  EXPECT_EQ(Pretend().counts().open_contexts, 0);
}

TEST_F(WorkerTest, EndsAfterTheWorkOfItsStreams) {
  std::unique_ptr<Worker> worker = Open();
  absl::StatusOr<Stream> stream = worker->OpenStream();
  absl::StatusOr<Memory> memory = stream->DeviceMemory(64);
  Pretend().hold(*stream->Use());
  { const Stream dropped = *std::move(stream); }
  { const Memory dropped = *std::move(memory); }
  Pretend().release();
  worker.reset();
  EXPECT_EQ(Pretend().counts().open_streams, 0);
  EXPECT_EQ(Pretend().counts().blocks, 0);
}

TEST_F(WorkerTest, NobodyGetsAStreamAgainWhoseWorkFailed) {
  std::unique_ptr<Worker> worker = Open({.max_streams = 2});
  auto fail = [](Worker& gpu) -> Task<void> {
    Stream stream = co_await gpu.OpenStream();
    Memory memory = co_await stream.DeviceMemory(64);
    abi::Stream* on = co_await stream.Use();
    Pretend().crash(on);
    co_await gpu.Done(stream);
  };
  EXPECT_THAT(Wait(fail(*worker)), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(worker->OpenStream(), StatusIs(absl::StatusCode::kInternal));  // the device is gone
  EXPECT_EQ(Pretend().counts().open_streams, 1);
}

}  // namespace
}  // namespace chains::gpu
