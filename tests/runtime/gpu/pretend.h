// The pretended module, as tests of the program's half load it.
#pragma once

#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "chains/gpu/module.h"
#include "pretended.h"
#include "scale.h"

namespace chains::gpu {

inline std::filesystem::path ModuleFile(std::string_view name) {
  return std::filesystem::path(MODULES) / (std::string(name) + ".so");
}

inline const Module& PretendedModule() {
  absl::StatusOr<const Module*> module = Module::Load(ModuleFile("pretended_gpu"));
  return **module;
}

inline const Pretended& Pretend() { return **PretendedModule().Export<Pretended>(kPretendedName); }

inline abi::DeviceInfo DeviceCalled(const char* name, int gib, int compute_capability) {
  abi::DeviceInfo info;
  std::strncpy(info.name, name, sizeof(info.name) - 1);
  std::strncpy(info.id, "GPU-0", sizeof(info.id) - 1);
  info.memory_bytes = int64_t{gib} << 30;
  info.compute_major = compute_capability / 10;
  info.compute_minor = compute_capability % 10;
  return info;
}

// A machine with these devices, and whose driver is what the module wants.
inline PretendedMachine MachineWith(const std::vector<abi::DeviceInfo>& devices) {
  PretendedMachine machine;
  machine.device_count = static_cast<int32_t>(devices.size());
  for (size_t i = 0; i < devices.size(); ++i) machine.devices[i] = devices[i];
  return machine;
}

// Every test begins with a machine that has one A10G, and leaves nothing open.
class PretendedTest : public ::testing::Test {
 protected:
  PretendedTest() { Pretend().set_machine(MachineWith({DeviceCalled("NVIDIA A10G", 23, 86)})); }
  ~PretendedTest() override {
    EXPECT_EQ(Pretend().counts().open_contexts, 0);
    EXPECT_EQ(Pretend().counts().open_streams, 0);
    EXPECT_EQ(Pretend().counts().blocks, 0);
  }
};

}  // namespace chains::gpu
