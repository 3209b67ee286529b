#include "chains/gpu/module.h"

#include <algorithm>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains::gpu {
namespace {

namespace fs = std::filesystem;

bool IsComplete(const abi::Module& m) {
  return m.description != nullptr && m.probe != nullptr && m.describe != nullptr &&
         m.use != nullptr && m.health != nullptr && m.open_context != nullptr &&
         m.close_context != nullptr && m.open_stream != nullptr && m.close_stream != nullptr &&
         m.begin != nullptr && m.finish != nullptr && m.allocate_device != nullptr &&
         m.free_device != nullptr && m.allocate_pinned != nullptr && m.free_pinned != nullptr &&
         m.copy_to_device != nullptr && m.copy_to_host != nullptr && m.find != nullptr;
}

// Only version and size are sure to be where they are before the version is known.
absl::Status CheckVersion(const fs::path& file, const abi::Module* module) {
  if (module == nullptr) {
    return absl::FailedPreconditionError(Text("the GPU module ", file.string(), " is empty"));
  }
  if (module->version != abi::kVersion || module->bytes != sizeof(abi::Module)) {
    return absl::FailedPreconditionError(
        Text("the GPU module ", file.string(), " was built for version ", module->version, " (",
             module->bytes,
             " bytes) of what programs and modules share, and this program is of version ",
             abi::kVersion, " (", sizeof(abi::Module), " bytes); build both with the same Chains"));
  }
  if (!IsComplete(*module)) {
    return absl::FailedPreconditionError(
        Text("the GPU module ", file.string(), " lacks some of its functions"));
  }
  return absl::OkStatus();
}

absl::StatusOr<const abi::Module*> Open(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    return absl::NotFoundError(Text("there is no GPU module ", file.string(),
                                    "; chains_add_gpu_module() builds it where CUDA is installed"));
  }
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return absl::FailedPreconditionError(Text(
        "the GPU module ", file.string(), " cannot be loaded: ", dlerror(),
        "; cuBLAS (libcublas, libcublasLt) and cuDNN come with CUDA, or with a GPU base image"));
  }
  const auto entry = reinterpret_cast<abi::Entry>(dlsym(library, abi::kEntry));
  absl::Status status = entry == nullptr
                            ? absl::FailedPreconditionError(
                                  Text(file.string(), " is no GPU module: it exports no ",
                                       abi::kEntry, "; build it with chains_add_gpu_module()"))
                            : CheckVersion(file, entry());
  if (status.ok()) return entry();
  dlclose(library);
  return status;
}

}  // namespace

// Those that were loaded, for ever.
class Modules {
 public:
  static Modules& OfProcess() {
    static auto* const modules = std::make_unique<Modules>().release();
    return *modules;
  }

  absl::StatusOr<const Module*> Load(const fs::path& file) {
    std::error_code error;
    fs::path whole = fs::weakly_canonical(file, error);
    if (error) whole = file;
    const std::lock_guard lock(mutex_);
    const auto known = loaded_.find(whole);
    if (known != loaded_.end()) return known->second.get();
    absl::StatusOr<const abi::Module*> functions = Open(whole);
    if (!functions.ok()) return functions.status();
    std::unique_ptr<Module> module(new Module(whole, **functions));
    return loaded_.emplace(whole, std::move(module)).first->second.get();
  }

  std::vector<const Module*> All() {
    const std::lock_guard lock(mutex_);
    std::vector<const Module*> all;
    for (const auto& [file, module] : loaded_) all.push_back(module.get());
    return all;
  }

 private:
  std::mutex mutex_;
  std::map<fs::path, std::unique_ptr<Module>> loaded_;  // guarded by mutex_
};

absl::StatusOr<const Module*> Module::Load(const fs::path& file) {
  return Modules::OfProcess().Load(file);
}

std::vector<const Module*> Module::Loaded() { return Modules::OfProcess().All(); }

std::vector<fs::path> Module::PlacesOf(std::string_view name) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return {program.parent_path() / Text(name, ".so")};
}

absl::StatusOr<const Module*> Module::Find(std::string_view name) {
  std::vector<std::string> looked;
  for (const fs::path& place : PlacesOf(name)) {
    std::error_code error;
    if (fs::exists(place, error)) return Load(place);
    looked.push_back(place.string());
  }
  return absl::NotFoundError(
      Text("there is no GPU module '", name, "': looked for ", absl::StrJoin(looked, ", "),
           "; build it with chains_add_gpu_module(", name, " …) on a machine with CUDA"));
}

DeviceCounts& Module::counts(int device) const {
  const size_t at = device < 0 ? 0 : static_cast<size_t>(device);
  return counts_[std::min(at, kMaxDevices - 1)];
}

void Module::UseDevice(int device) const { counts(device).is_used = true; }

std::vector<int> Module::used_devices() const {
  std::vector<int> used;
  for (size_t i = 0; i < kMaxDevices; ++i) {
    if (counts_[i].is_used) used.push_back(static_cast<int>(i));
  }
  return used;
}

absl::StatusOr<const void*> Module::ExportOf(std::string_view name) const {
  const void* found = functions_.find(std::string(name).c_str());
  if (found != nullptr) return found;
  return absl::NotFoundError(Text("the GPU module ", file_.string(), " exports no '", name,
                                  "'; its FindExport() knows what it does, and in which version"));
}

}  // namespace chains::gpu
