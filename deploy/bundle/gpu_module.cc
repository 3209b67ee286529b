#include "deploy/bundle/gpu_module.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

std::string Who(const v1::Chainlet& chainlet) {
  return Text(chainlet.name(), " (", chainlet.declared_at(), ")");
}

std::string HowToBuild(const v1::Chainlet& chainlet) {
  return Text("build it (chains_add_gpu_module(", chainlet.resources().gpu_module(),
              " …), where CUDA is installed)");
}

constexpr std::string_view kOrOptional =
    ", or declare that it runs on CPUs without it: Resources{.gpu_optional = true}";

}  // namespace

std::string GpuModulePath(const v1::Chainlet& chainlet) {
  const std::string& name = chainlet.resources().gpu_module();
  return name.empty() ? "" : Text(name, ".so");
}

const v1::BundleFile* FindGpuModule(const v1::Bundle& bundle, const v1::Chainlet& chainlet) {
  const std::string path = GpuModulePath(chainlet);
  const auto found = std::find_if(bundle.files().begin(), bundle.files().end(),
                                  [&path](const auto& file) { return file.path() == path; });
  return path.empty() || found == bundle.files().end() ? nullptr : &*found;
}

absl::Status CheckGpuModules(const v1::Bundle& bundle) {
  for (const v1::Chainlet& chainlet : bundle.manifest().chainlets()) {
    const std::string path = GpuModulePath(chainlet);
    if (path.empty() || chainlet.resources().gpu_optional()) continue;
    if (FindGpuModule(bundle, chainlet) != nullptr) continue;
    return absl::InvalidArgumentError(Text("the bundle lacks the GPU module ", path, " of ",
                                           Who(chainlet), "; ", HowToBuild(chainlet), kOrOptional));
  }
  return absl::OkStatus();
}

bool IsOfCuda(std::string_view name) {
  static constexpr std::string_view kFamily[] = {
      "libcublas", "libcublasLt",  "libcuda",   "libcudart",   "libcudnn",
      "libcufft",  "libcupti",     "libcurand", "libcusolver", "libcusparse",
      "libnccl",   "libnvJitLink", "libnvrtc"};
  const std::string_view stem = name.substr(0, name.find(".so"));
  if (stem.starts_with("libcudnn_") || stem.starts_with("libnvidia-") ||
      stem.starts_with("libnvrtc-")) {
    return true;
  }
  return std::find(std::begin(kFamily), std::end(kFamily), stem) != std::end(kFamily);
}

std::string WithoutCuda(std::string_view ldd_output, std::vector<std::string>& left_out) {
  std::string kept;
  for (absl::string_view line : absl::StrSplit(ToAbsl(ldd_output), '\n')) {
    const absl::string_view text = absl::StripLeadingAsciiWhitespace(line);
    const std::string name(text.substr(0, text.find(' ')));
    if (IsOfCuda(name)) {
      left_out.push_back(name);
    } else {
      kept += Text(line, "\n");
    }
  }
  return kept;
}

absl::StatusOr<std::map<std::string, std::string>> FindGpuModules(const v1::Manifest& manifest,
                                                                  const std::string& program,
                                                                  std::vector<std::string>& notes) {
  std::map<std::string, std::string> modules;
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    const std::string path = GpuModulePath(chainlet);
    if (path.empty()) continue;
    const fs::path file = fs::path(program).parent_path() / path;
    std::error_code error;
    if (fs::is_regular_file(file, error)) {
      modules[path] = file.string();
    } else if (chainlet.resources().gpu_optional()) {
      notes.push_back(Text(Who(chainlet), " runs on CPUs everywhere: there is no GPU module ",
                           file.string(), "; to use GPUs, ", HowToBuild(chainlet)));
    } else {
      return absl::FailedPreconditionError(Text(Who(chainlet), " needs the GPU module ", path,
                                                ", and there is no ", file.string(), "; ",
                                                HowToBuild(chainlet), kOrOptional));
    }
  }
  return modules;
}

}  // namespace chains::deploy
