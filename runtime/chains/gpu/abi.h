// The border between a program and a GPU module that it loads at run time.
//
//   const chains::gpu::abi::Module* module = entry();     // the symbol kEntry of the shared
//   library if (module->version == chains::gpu::abi::kVersion) … module->probe(&probe, &error) …
//
// Both sides are compiled apart, perhaps by different compilers, so what crosses is plain data and
// pointers to functions: nothing is thrown, owned or allocated on one side and freed on the other.
// A module links neither the runtime nor protobuf; a program without a GPU never loads one.
//
// Every function is thread-safe unless it says otherwise, blocks only where it says so, and throws
// nothing. One that returns bool fills in `error` when it returns false.
#pragma once

#include <cstdint>

namespace chains::gpu::abi {

// Grows with every change of this file. A program takes only modules of its own version.
inline constexpr uint32_t kVersion = 1;

// A module exports one symbol, a function of type Entry without arguments.
inline constexpr char kEntry[] = "chains_gpu_module";

// Why something failed: a code of absl::StatusCode and a message that ends in a zero. It names the
// file and line of the call that failed, the call's own words, and what to do where that is known.
struct Error {
  int32_t code = 0;
  char message[1020] = {};
};

// What this machine has. Versions are CUDA's: 1000 * major + 10 * minor; 0: there is no driver.
struct Probe {
  int32_t driver_version = 0;  // the newest CUDA that the driver runs
  int32_t needed_version = 0;  // what the module was built with
  int32_t device_count = 0;
};

struct DeviceInfo {
  char name[256] = {};  // in the maker's words: "NVIDIA A10G"
  char id[64] = {};     // of this very card: "GPU-6f0c…"
  int64_t memory_bytes = 0;
  int32_t compute_major = 0;  // of the compute capability: 8.6 is {8, 6}
  int32_t compute_minor = 0;
  int32_t multiprocessors = 0;
};

// What a device is at now.
struct DeviceUse {
  int64_t memory_free = 0;   // for anybody, in bytes
  int64_t memory_total = 0;  // bytes
  // Time that this process' spans on the device took since it began, added over streams, so it
  // can grow by more than a nanosecond each nanosecond.
  int64_t busy_nanoseconds = 0;
};

// Of one worker and one device: handles of libraries. For one thread at a time.
struct Context;
// Work in its order. For one thread at a time; it belongs to the Context that made it.
struct Stream;

// Called once for each finish() that succeeded, on a thread of the driver: it must not block, and
// must not call the module. `error` is null, or why the stream's work failed; it is gone
// afterwards.
using Finished = void (*)(void* argument, const Error* error);

struct Module {
  uint32_t version = kVersion;        // first, in every version
  uint32_t bytes = sizeof(Module);    // second, in every version
  const char* description = nullptr;  // "CUDA 13.0, cuDNN 9.19, sm_75 sm_80 …"; ends in a zero

  // No device and no driver are no error of probe().
  bool (*probe)(Probe* probe, Error* error) = nullptr;
  bool (*describe)(int32_t device, DeviceInfo* info, Error* error) = nullptr;
  bool (*use)(int32_t device, DeviceUse* use, Error* error) = nullptr;
  // Whether the device still answers; blocks until it does. False once a kernel has crashed in this
  // process: nothing works then until the process begins anew.
  bool (*health)(int32_t device, Error* error) = nullptr;

  // Null, with `error`, when it fails. Takes hundreds of milliseconds for the first of a device.
  Context* (*open_context)(int32_t device, Error* error) = nullptr;
  // When its streams are closed.
  void (*close_context)(Context* context) = nullptr;
  Stream* (*open_stream)(Context* context, Error* error) = nullptr;
  // Blocks until its work is done.
  void (*close_stream)(Stream* stream) = nullptr;

  // Called before work is given to a stream that was idle: time is counted from here …
  bool (*begin)(Stream* stream, Error* error) = nullptr;
  // … to here: calls `finished` when everything that was given to the stream before has ended. When
  // this fails, `finished` is never called.
  bool (*finish)(Stream* stream, Finished finished, void* argument, Error* error) = nullptr;

  // Memory; freeing waits for the device. RESOURCE_EXHAUSTED where there is not enough.
  void* (*allocate_device)(Context* context, int64_t bytes, Error* error) = nullptr;
  void (*free_device)(Context* context, void* memory) = nullptr;
  // On the host, where the device reads and writes without a copy between.
  void* (*allocate_pinned)(Context* context, int64_t bytes, Error* error) = nullptr;
  void (*free_pinned)(Context* context, void* memory) = nullptr;
  // In the stream's order; `host` is pinned, or the call blocks.
  bool (*copy_to_device)(Stream* stream, void* device, const void* host, int64_t bytes,
                         Error* error) = nullptr;
  bool (*copy_to_host)(Stream* stream, void* host, const void* device, int64_t bytes,
                       Error* error) = nullptr;

  // What the chain's own part of the module exports, by a name that carries its version, such as
  // "poems.phi.backend/1"; null where it exports nothing of that name. It stays for ever.
  const void* (*find)(const char* name) = nullptr;
};

using Entry = const Module* (*)();

}  // namespace chains::gpu::abi
