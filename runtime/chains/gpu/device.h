// Devices: which GPUs there are, whether they are what was declared, and whether they are well.
//
//   absl::StatusOr<Found> gpu = FindDevices({.module = "poems_cuda", .type = "A10G", .count = 1});
//   if (!gpu.ok()) return gpu.status();      // FAILED_PRECONDITION: what was wanted, what is there
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/gpu/module.h"

namespace chains::gpu {

struct Device {
  int index = 0;
  std::string type = {};  // as Resources::gpu names it; empty: none of these types
  std::string name = {};  // as its maker names it
  std::string id = {};    // of this very card
  int64_t memory_bytes = 0;
  int compute_capability = 0;  // 86 is 8.6
  int driver_version = 0;      // 1000 * major + 10 * minor of the newest CUDA that it runs
};

// "NVIDIA A100-SXM4-80GB" → "A100"; empty for what is none of the declared types. Pure.
std::string TypeOf(std::string_view name);

// Whether `device` is of the type, or can and holds at least as much: what runs on the type runs on
// it. Pure.
bool StandsFor(const Device& device, std::string_view type);

// All that this process may use (CUDA_VISIBLE_DEVICES). FAILED_PRECONDITION: there is no driver, it
// is too old, or it lists no device; each says so, and what to do.
absl::StatusOr<std::vector<Device>> Devices(const Module& module);

// What a chainlet's Resources declare.
struct Wanted {
  std::string module;
  std::string type;
  int count = 1;
};

struct Found {
  const Module* module = nullptr;
  std::vector<Device> devices;  // as many as wanted
};

// The module, and the first devices of that kind. NOT_FOUND: no module; FAILED_PRECONDITION: it
// cannot be loaded, or there are no such devices. May load libraries for a second.
absl::StatusOr<Found> FindDevices(const Wanted& wanted);
// The devices alone, of a module that is loaded.
absl::StatusOr<std::vector<Device>> ChooseDevices(const Module& module, std::string_view type,
                                                  int count);

// Whether it still answers; for a Healthy() hook. Blocks until it does: call it inside Blocking.
absl::Status CheckHealth(const Module& module, int device);

}  // namespace chains::gpu
