// CUDA's runtime, as far as the poems and the kit use it, on the fake device. Streams run what they
// are given at once; graphs are lists of work.
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <sys/mman.h>
#include <utility>
#include <vector>

#include "fake_device.h"

struct CUgraph_st {
  std::vector<std::function<void()>> works;
};
struct CUgraphExec_st {
  std::vector<std::function<void()>> works;
};
struct CUstream_st {
  std::unique_ptr<CUgraph_st> capture;
};
struct CUevent_st {
  unsigned flags = 0;
};

namespace fake {
namespace {

constexpr size_t kPage = 4096;

struct Allocation {
  void* map = nullptr;
  size_t map_bytes = 0;
  size_t bytes = 0;
};

std::map<void*, Allocation>& Allocations() {
  static std::map<void*, Allocation> allocations;
  return allocations;
}

cudaError_t last_error = cudaSuccess;
int current_device = 0;
int shared_limit = 48 << 10;

cudaError_t Note(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

// The end is where a page without access begins.
void* Allocate(size_t bytes) {
  const size_t pages = (bytes + kPage - 1) / kPage;
  Allocation made;
  made.bytes = bytes;
  made.map_bytes = (pages + 1) * kPage;
  made.map =
      mmap(nullptr, made.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (made.map == MAP_FAILED) return nullptr;
  mprotect(static_cast<char*>(made.map) + pages * kPage, kPage, PROT_NONE);
  char* memory = static_cast<char*>(made.map) + (pages * kPage - bytes) / 16 * 16;
  std::memset(memory, 0xff, bytes);
  Allocations()[memory] = made;
  counts().bytes += static_cast<int64_t>(bytes);
  return memory;
}

cudaError_t Free(void* memory) {
  const auto found = Allocations().find(memory);
  if (found == Allocations().end()) return cudaErrorInvalidValue;
  counts().bytes -= static_cast<int64_t>(found->second.bytes);
  munmap(found->second.map, found->second.map_bytes);
  Allocations().erase(found);
  return cudaSuccess;
}

}  // namespace

Device& device() {
  static Device it;
  return it;
}

Counts& counts() {
  static Counts it;
  return it;
}

void Submit(cudaStream_t stream, std::function<void()> work) {
  if (stream != nullptr && stream->capture != nullptr) {
    stream->capture->works.push_back(std::move(work));
  } else {
    work();
  }
}

bool CheckLaunch(dim3 blocks, int threads, int64_t shared_bytes) {
  ++counts().kernels;
  if (device().launches_until_failure == 0) {
    Note(cudaErrorLaunchOutOfResources);
    return false;
  }
  if (device().launches_until_failure > 0) --device().launches_until_failure;
  const bool good = blocks.x > 0 && blocks.y > 0 && blocks.z == 1 && blocks.y < 65536 &&
                    threads > 0 && threads <= 1024 && threads % 32 == 0 &&
                    shared_bytes <= shared_limit;
  if (!good) Note(cudaErrorInvalidConfiguration);
  return good;
}

}  // namespace fake

using fake::Note;

extern "C" {

cudaError_t cudaGetLastError() { return std::exchange(fake::last_error, cudaSuccess); }
const char* cudaGetErrorName(cudaError_t) { return "fake"; }
const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaErrorLaunchOutOfResources ? "too many resources" : "a fake error";
}
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaDriverGetVersion(int* version) {
  return *version = fake::device().driver, cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = fake::device().count;
  return *count == 0 ? Note(cudaErrorNoDevice) : cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) { return *device = fake::current_device, cudaSuccess; }
cudaError_t cudaSetDevice(int device) { return fake::current_device = device, cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* all, int) {
  *all = {};
  std::snprintf(all->name, sizeof all->name, "Fake");
  all->major = fake::device().major;
  all->minor = fake::device().minor;
  all->multiProcessorCount = fake::device().multiprocessors;
  all->sharedMemPerBlockOptin = fake::device().major >= 8 ? 99 << 10 : 64 << 10;
  all->totalGlobalMem = static_cast<size_t>(fake::device().memory);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = static_cast<size_t>(fake::device().memory);
  *free = static_cast<size_t>(fake::device().memory - fake::counts().bytes);
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  int& left = fake::device().mallocs_until_failure;
  const bool full =
      fake::counts().bytes + static_cast<int64_t>(bytes) > fake::device().memory || left == 0;
  if (left > 0) --left;
  *memory = full ? nullptr : fake::Allocate(bytes);
  return *memory == nullptr ? Note(cudaErrorMemoryAllocation) : cudaSuccess;
}
cudaError_t cudaFree(void* memory) { return Note(fake::Free(memory)); }
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) {
  *memory = fake::Allocate(bytes);
  return *memory == nullptr ? Note(cudaErrorMemoryAllocation) : cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) { return Note(fake::Free(memory)); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  fake::Submit(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  fake::Submit(stream, [=] { std::memset(to, value, bytes); });
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return *stream = std::make_unique<CUstream_st>().release(), cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return std::unique_ptr<CUstream_st>(stream).reset(), cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ++fake::counts().syncs_that_spin;
  return stream != nullptr && stream->capture != nullptr ? Note(cudaErrorStreamCaptureUnsupported)
                                                         : cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  *event = std::make_unique<CUevent_st>(CUevent_st{flags}).release();
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return std::unique_ptr<CUevent_st>(event).reset(), cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if ((event->flags & cudaEventBlockingSync) == 0) ++fake::counts().syncs_that_spin;
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  return *milliseconds = 1, cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  stream->capture = std::make_unique<CUgraph_st>();
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  ++fake::counts().graphs;
  return *graph = stream->capture.release(), cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  *executable = std::make_unique<CUgraphExec_st>(CUgraphExec_st{graph->works}).release();
  return cudaSuccess;
}
cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  ++fake::counts().graph_launches;
  for (const std::function<void()>& work : executable->works) work();
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return std::unique_ptr<CUgraph_st>(graph).reset(), cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return std::unique_ptr<CUgraphExec_st>(executable).reset(), cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int value) {
  const int most = fake::device().major >= 8 ? 99 << 10 : 64 << 10;
  if (value > most) return Note(cudaErrorInvalidValue);
  fake::shared_limit = value;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int, size_t) {
  return *blocks = 3, cudaSuccess;
}

}  // extern "C"
