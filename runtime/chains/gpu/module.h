// Module: the GPU part of a chain, loaded while the program runs.
//
//   absl::StatusOr<const gpu::Module*> module = gpu::Module::Find("poems_cuda");
//   absl::StatusOr<const Kernels*> kernels = (*module)->Export<Kernels>("poems.kernels/1");
//
// One program serves on machines with and without a GPU: only where a chainlet asks for it is its
// module loaded, and only there must CUDA's libraries be. chains_add_gpu_module() (CMake) builds
// it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/gpu/abi.h"

namespace chains::gpu {

// What this process holds of one device through one module; any thread may read and change it.
struct DeviceCounts {
  std::atomic<int64_t> queue{0};        // Done() that wait
  std::atomic<int64_t> device_used{0};  // bytes of Workers' memory that are in use …
  std::atomic<int64_t> device_kept{0};  // … and that are kept for the next
  std::atomic<int64_t> pinned_used{0};
  std::atomic<int64_t> pinned_kept{0};
  std::atomic<bool> is_used{false};
};

// Thread-safe. Once loaded it stays as long as the process, as CUDA wants it.
class Module {
 public:
  // The same file is loaded once. NOT_FOUND: there is none. FAILED_PRECONDITION: it cannot be
  // loaded (the message names the library that it lacks), is no module, or was built for another
  // version. No device is needed for that: Devices() tells.
  static absl::StatusOr<const Module*> Load(const std::filesystem::path& file);
  // NAME.so beside this program, where it is built and where a bundle has it.
  static absl::StatusOr<const Module*> Find(std::string_view name);
  // Where Find looks.
  static std::vector<std::filesystem::path> PlacesOf(std::string_view name);
  // All that were loaded.
  static std::vector<const Module*> Loaded();

  const std::filesystem::path& file() const { return file_; }
  std::string_view description() const { return functions_.description; }
  const abi::Module& functions() const { return functions_; }
  // Devices beyond the last are counted with it.
  DeviceCounts& counts(int device) const;

  // Those that this process asked for (ChooseDevices, Worker::Open), ascending: what it measures.
  std::vector<int> used_devices() const;
  void UseDevice(int device) const;

  // What the chain's own part exports by this name, which carries a version; T is what that name
  // stands for. NOT_FOUND: it exports nothing of the name.
  template <typename T>
  absl::StatusOr<const T*> Export(std::string_view name) const {
    absl::StatusOr<const void*> found = ExportOf(name);
    if (!found.ok()) return found.status();
    return static_cast<const T*>(*found);
  }

 private:
  static constexpr size_t kMaxDevices = 16;

  Module(std::filesystem::path file, const abi::Module& functions)
      : file_(std::move(file)), functions_(functions) {}
  absl::StatusOr<const void*> ExportOf(std::string_view name) const;

  const std::filesystem::path file_;
  const abi::Module& functions_;
  mutable std::array<DeviceCounts, kMaxDevices> counts_;

  friend class Modules;
};

}  // namespace chains::gpu
