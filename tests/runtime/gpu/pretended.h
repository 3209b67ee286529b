// What the pretended module lets a test decide: the machine, and when work ends.
//
//   const Pretended& pretended = **module->Export<Pretended>(kPretendedName);
//   pretended.set_machine({.driver_version = 12000, .needed_version = 13000});
//   pretended.hold(*stream->Use());            // work that does not end …
//   pretended.release();                       // … before this
#pragma once

#include <cstdint>

#include "chains/gpu/abi.h"

namespace chains::gpu {

inline constexpr char kPretendedName[] = "test.pretended/1";
inline constexpr int kMaxPretendedDevices = 4;

struct PretendedMachine {
  int32_t driver_version = 13000;
  int32_t needed_version = 13000;
  int32_t device_count = 1;
  abi::DeviceInfo devices[kMaxPretendedDevices] = {};
  int64_t memory_free = int64_t{1} << 30;  // of each device
};

struct PretendedCounts {
  int open_contexts = 0;
  int open_streams = 0;
  int blocks = 0;       // of memory that are allocated
  int allocations = 0;  // that there ever were
};

struct Pretended {
  // The machine as it is from now on, a healthy one; counts of the past are forgotten.
  void (*set_machine)(const PretendedMachine& machine);
  void (*hold)(abi::Stream* stream);
  void (*release)();  // all that is held, now and until the next set_machine()
  // The stream's work ends in a failure, as does all of the device's after it.
  void (*crash)(abi::Stream* stream);
  void (*refuse_to_finish)();  // finish() fails until the next set_machine()
  PretendedCounts (*counts)();
};

}  // namespace chains::gpu
