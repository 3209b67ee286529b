// A module as CUDA's is one, without a GPU: a thread in place of each stream, and a machine that a
// test makes up. Compiled by any compiler; what it exports besides lets a test say what happens.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "pretended.h"
#include "scale.h"

namespace chains::gpu {
namespace {

constexpr int kResourceExhausted = 8;
constexpr int kFailedPrecondition = 9;
constexpr int kInternal = 13;
constexpr char kCrashed[] = "CUDA: cudaErrorIllegalAddress: the pretended device has crashed";

struct State {
  std::mutex mutex;
  std::condition_variable changed;
  PretendedMachine machine;
  PretendedCounts counts;
  bool released = false;
  bool crashed = false;
  bool refuses = false;
  int64_t taken = 0;
  int64_t busy_nanoseconds = 0;
};

State& TheState() {
  static State state;
  return state;
}

bool Fail(abi::Error* error, int code, const char* message) {
  error->code = code;
  std::strncpy(error->message, message, sizeof(error->message) - 1);
  return false;
}

// Runs what it is given, in order, on a thread of its own.
class PretendedStream {
 public:
  PretendedStream() : thread_([this] { Run(); }) {}
  ~PretendedStream() {
    Add(nullptr);
    thread_.join();
  }
  void Add(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
    added_.notify_one();
  }
  std::chrono::steady_clock::time_point began;

 private:
  void Run() {
    while (true) {
      std::unique_lock lock(mutex_);
      added_.wait(lock, [this] { return !work_.empty(); });
      const std::function<void()> work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      if (work == nullptr) return;
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<std::function<void()>> work_;
  std::thread thread_;
};

PretendedStream& Of(abi::Stream* stream) { return *reinterpret_cast<PretendedStream*>(stream); }

bool Probe(abi::Probe* probe, abi::Error* /*error*/) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  const PretendedMachine& machine = state.machine;
  const bool works = machine.driver_version >= machine.needed_version;
  *probe = {machine.driver_version, machine.needed_version, works ? machine.device_count : 0};
  return true;
}

bool Check(const State& state, int32_t device, abi::Error* error) {
  if (state.crashed) return Fail(error, kInternal, kCrashed);
  if (device >= 0 && device < state.machine.device_count) return true;
  return Fail(error, kFailedPrecondition, "there is no such device");
}

bool Describe(int32_t device, abi::DeviceInfo* info, abi::Error* error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (device < 0 || device >= state.machine.device_count) {
    return Fail(error, kFailedPrecondition, "there is no such device");
  }
  *info = state.machine.devices[device];
  return true;
}

bool Use(int32_t device, abi::DeviceUse* use, abi::Error* error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (!Check(state, device, error)) return false;
  use->memory_total = state.machine.memory_free;
  use->memory_free = state.machine.memory_free - state.taken;
  use->busy_nanoseconds = state.busy_nanoseconds;
  return true;
}

bool Health(int32_t device, abi::Error* error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return Check(state, device, error);
}

abi::Context* OpenContext(int32_t device, abi::Error* error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (!Check(state, device, error)) return nullptr;
  ++state.counts.open_contexts;
  return reinterpret_cast<abi::Context*>(&state);
}

void CloseContext(abi::Context* /*context*/) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  --state.counts.open_contexts;
}

abi::Stream* OpenStream(abi::Context* /*context*/, abi::Error* error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (!Check(state, 0, error)) return nullptr;
  ++state.counts.open_streams;
  return reinterpret_cast<abi::Stream*>(std::make_unique<PretendedStream>().release());
}

void CloseStream(abi::Stream* stream) {
  const std::unique_ptr<PretendedStream> ended(&Of(stream));
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  --state.counts.open_streams;
}

bool Begin(abi::Stream* stream, abi::Error* error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (!Check(state, 0, error)) return false;
  Of(stream).Add([stream] { Of(stream).began = std::chrono::steady_clock::now(); });
  return true;
}

bool Finish(abi::Stream* stream, abi::Finished finished, void* argument, abi::Error* error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (state.refuses) return Fail(error, kInternal, "the pretended stream takes no more");
  Of(stream).Add([stream, finished, argument, &state] {
    abi::Error failed;
    {
      const std::lock_guard inner(state.mutex);
      const auto took = std::chrono::steady_clock::now() - Of(stream).began;
      state.busy_nanoseconds += std::chrono::nanoseconds(took).count();
      if (state.crashed) Fail(&failed, kInternal, kCrashed);
    }
    finished(argument, failed.code == 0 ? nullptr : &failed);
  });
  return true;
}

void* Allocate(abi::Context* /*context*/, int64_t bytes, abi::Error* error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (bytes > state.machine.memory_free - state.taken) {
    Fail(error, kResourceExhausted, "CUDA: the pretended device is out of memory");
    return nullptr;
  }
  // The size is kept in front, where alignment leaves room.
  auto* memory = static_cast<char*>(std::aligned_alloc(256, static_cast<size_t>(bytes) + 256));
  std::memcpy(memory, &bytes, sizeof(bytes));
  state.taken += bytes;
  ++state.counts.blocks;
  ++state.counts.allocations;
  return memory + 256;
}

void Free(abi::Context* /*context*/, void* memory) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  char* whole = static_cast<char*>(memory) - 256;
  int64_t bytes = 0;
  std::memcpy(&bytes, whole, sizeof(bytes));
  state.taken -= bytes;
  --state.counts.blocks;
  std::free(whole);
}

bool Copy(abi::Stream* stream, void* to, const void* from, int64_t bytes, abi::Error* /*error*/) {
  Of(stream).Add([to, from, bytes] { std::memcpy(to, from, static_cast<size_t>(bytes)); });
  return true;
}

bool Scale(abi::Stream* stream, float* values, int32_t count, float factor, abi::Error* /*error*/) {
  Of(stream).Add([values, count, factor] {
    for (int32_t i = 0; i < count; ++i) values[i] *= factor;
  });
  return true;
}

void SetMachine(const PretendedMachine& machine) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.machine = machine;
  state.counts = {};
  state.released = state.crashed = state.refuses = false;
  state.taken = state.busy_nanoseconds = 0;
}

void Hold(abi::Stream* stream) {
  Of(stream).Add([] {
    State& state = TheState();
    std::unique_lock lock(state.mutex);
    state.changed.wait(lock, [&state] { return state.released; });
  });
}

void Release() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.released = true;
  state.changed.notify_all();
}

void Crash(abi::Stream* stream) {
  Of(stream).Add([] {
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    state.crashed = true;
  });
}

void RefuseToFinish() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.refuses = true;
}

PretendedCounts Counts() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.counts;
}

const void* Find(const char* name) {
  static constexpr Pretended kPretended = {SetMachine, Hold,           Release,
                                           Crash,      RefuseToFinish, Counts};
  static constexpr ScaleExport kScale = {Scale};
  if (std::string_view(name) == kPretendedName) return &kPretended;
  if (std::string_view(name) == kScaleName) return &kScale;
  return nullptr;
}

constexpr abi::Module kModule = {
    .version = PRETENDED_VERSION,
    .bytes = sizeof(abi::Module),
    .description = "a pretended module",
    .probe = Probe,
    .describe = Describe,
    .use = Use,
    .health = Health,
    .open_context = OpenContext,
    .close_context = CloseContext,
    .open_stream = OpenStream,
    .close_stream = CloseStream,
    .begin = Begin,
    .finish = Finish,
    .allocate_device = Allocate,
    .free_device = Free,
    .allocate_pinned = Allocate,
    .free_pinned = Free,
    .copy_to_device = Copy,
    .copy_to_host = Copy,
    .find = Find,
};

}  // namespace
}  // namespace chains::gpu

extern "C" [[gnu::visibility("default")]] const chains::gpu::abi::Module* chains_gpu_module() {
  return &chains::gpu::kModule;
}
