// The table of functions that the module exports, in CUDA's terms.
#include <memory>
#include <string>

#include "chains/gpu/cuda/kit.h"

namespace chains::gpu::cuda {
namespace {

bool Probe(abi::Probe* probe, abi::Error* error) { return ProbeDevices(probe).CopyTo(error); }

bool Describe(int32_t device, abi::DeviceInfo* info, abi::Error* error) {
  return DescribeDevice(device, info).CopyTo(error);
}

bool Use(int32_t device, abi::DeviceUse* use, abi::Error* error) {
  const OnDevice here(device);
  if (!here.status().ok()) return here.status().CopyTo(error);
  size_t free = 0;
  size_t total = 0;
  if (Status status = Check(cudaMemGetInfo(&free, &total)); !status.ok()) {
    return status.CopyTo(error);
  }
  use->memory_free = static_cast<int64_t>(free);
  use->memory_total = static_cast<int64_t>(total);
  use->busy_nanoseconds = BusyNanoseconds(device);
  return true;
}

// A copy there and back: what a device that has crashed can do no more.
bool Health(int32_t device, abi::Error* error) {
  const OnDevice here(device);
  if (!here.status().ok()) return here.status().CopyTo(error);
  Stream stream;
  Buffer there;
  const int sent = 1;
  int received = 0;
  Calls calls;
  calls(stream.Open()) && calls(there.Allocate(sizeof(int)));
  if (!calls.ok()) return calls.status().CopyTo(error);
  calls(cudaMemcpyAsync(there.data(), &sent, sizeof(int), cudaMemcpyDefault, stream.get()));
  calls(cudaMemcpyAsync(&received, there.data(), sizeof(int), cudaMemcpyDefault, stream.get()));
  calls(stream.Wait());
  if (calls.ok() && received != sent) {
    calls(Status(Code::kInternal, "the device's memory does not keep what is written"));
  }
  return calls.status().CopyTo(error);
}

abi::Context* OpenContext(int32_t device, abi::Error* error) {
  const OnDevice here(device);
  if (!here.status().ok()) {
    here.status().CopyTo(error);
    return nullptr;
  }
  // Begins CUDA's own context on the device, which fails here rather than at the first call.
  if (Status status = Check(cudaFree(nullptr)); !status.CopyTo(error)) return nullptr;
  auto context = std::make_unique<ContextState>();
  context->device = device;
  return reinterpret_cast<abi::Context*>(context.release());
}

void CloseContext(abi::Context* context) {
  const OnDevice here(Of(context).device);
  const std::unique_ptr<ContextState> closed(&Of(context));
}

abi::Stream* OpenStream(abi::Context* context, abi::Error* error) {
  const OnDevice here(Of(context).device);
  if (!here.status().CopyTo(error)) return nullptr;
  auto stream = std::make_unique<StreamState>();
  stream->context = &Of(context);
  Calls calls;
  calls(stream->stream.Open()) && calls(stream->busy.Open(stream->context->device));
  if (!calls.status().CopyTo(error)) return nullptr;
  return reinterpret_cast<abi::Stream*>(stream.release());
}

void CloseStream(abi::Stream* stream) {
  const OnDevice here(Of(stream).context->device);
  const std::unique_ptr<StreamState> closed(&Of(stream));
  // Whoever waited for the work has been told whether it failed.
  static_cast<void>(cudaStreamSynchronize(closed->stream.get()));
}

bool Begin(abi::Stream* stream, abi::Error* error) {
  return Of(stream).busy.Begin(Of(stream).stream.get()).CopyTo(error);
}

struct Waiting {
  abi::Finished finished;
  void* argument;
};

void CUDART_CB Told(cudaStream_t /*stream*/, cudaError_t result, void* argument) {
  const std::unique_ptr<Waiting> waiting(static_cast<Waiting*>(argument));
  if (result == cudaSuccess) {
    waiting->finished(waiting->argument, nullptr);
    return;
  }
  // No call of CUDA may be made here, so no Check().
  abi::Error error;
  const Status failed(Code::kInternal, std::string("CUDA: the work of a stream failed: ") +
                                           cudaGetErrorName(result) + ": " +
                                           cudaGetErrorString(result));
  failed.CopyTo(&error);
  waiting->finished(waiting->argument, &error);
}

// Not cudaLaunchHostFunc, which is never called once the device has failed: whoever waits would
// wait for ever. A stream's callback is called exactly once in any case.
bool Finish(abi::Stream* stream, abi::Finished finished, void* argument, abi::Error* error) {
  StreamState& state = Of(stream);
  if (Status status = state.busy.End(state.stream.get()); !status.ok()) {
    return status.CopyTo(error);
  }
  auto waiting = std::make_unique<Waiting>(Waiting{finished, argument});
  Status status = Check(cudaStreamAddCallback(state.stream.get(), Told, waiting.get(), 0));
  if (status.ok()) static_cast<void>(waiting.release());
  return status.CopyTo(error);
}

template <auto kAllocate>
void* Allocate(abi::Context* context, int64_t bytes, abi::Error* error) {
  const OnDevice here(Of(context).device);
  void* memory = nullptr;
  if (!here.status().CopyTo(error)) return nullptr;
  if (!kAllocate(bytes, &memory, Place::Here()).CopyTo(error)) return nullptr;
  return memory;
}

template <auto kFree>
void Free(abi::Context* context, void* memory) {
  const OnDevice here(Of(context).device);
  kFree(memory);
}

bool Copy(abi::Stream* stream, void* to, const void* from, int64_t bytes, abi::Error* error) {
  return Check(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyDefault,
                               Of(stream).stream.get()))
      .CopyTo(error);
}

const void* Find(const char* name) { return FindExport(name); }

const char* Description() {
  static const std::string text = "CUDA " + std::to_string(CUDART_VERSION / 1000) + "." +
                                  std::to_string(CUDART_VERSION % 1000 / 10) + ", cuDNN " +
                                  std::to_string(CUDNN_MAJOR) + "." + std::to_string(CUDNN_MINOR);
  return text.c_str();
}

abi::Module MakeModule() {
  abi::Module module;
  module.description = Description();
  module.probe = Probe;
  module.describe = Describe;
  module.use = Use;
  module.health = Health;
  module.open_context = OpenContext;
  module.close_context = CloseContext;
  module.open_stream = OpenStream;
  module.close_stream = CloseStream;
  module.begin = Begin;
  module.finish = Finish;
  module.allocate_device = Allocate<internal::AllocateDevice>;
  module.free_device = Free<internal::FreeDevice>;
  module.allocate_pinned = Allocate<internal::AllocatePinned>;
  module.free_pinned = Free<internal::FreePinned>;
  module.copy_to_device = Copy;
  module.copy_to_host = Copy;
  module.find = Find;
  return module;
}

}  // namespace
}  // namespace chains::gpu::cuda

extern "C" [[gnu::visibility("default")]] const chains::gpu::abi::Module* chains_gpu_module() {
  static const chains::gpu::abi::Module module = chains::gpu::cuda::MakeModule();
  return &module;
}
