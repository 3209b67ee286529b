// DeploymentContext: what a chainlet may know of where it runs.
//
//   explicit Recognizer(DecoderPool& pool, const chains::DeploymentContext& context);
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "chains/gpu/device.h"

namespace chains {

// A value; safe to copy and keep. A chainlet sees the secrets, variables and assets that it
// declares in its Settings, and no others.
class DeploymentContext {
 public:
  struct Contents {
    std::string environment;         // "production"; empty on a local run
    std::filesystem::path data_dir;  // --data-dir; empty when none was given
    std::map<std::string, std::string> variables = {};
    std::map<std::string, std::string> secret_files = {};  // name → file, --secret NAME=FILE
    std::map<std::string, std::string> assets = {};        // name → path
    gpu::Wanted gpu = {};                                  // type and module empty: none
    bool gpu_optional = false;
  };
  DeploymentContext() = default;
  explicit DeploymentContext(Contents contents) : contents_(std::move(contents)) {}

  const std::string& environment() const { return contents_.environment; }
  const std::filesystem::path& data_dir() const { return contents_.data_dir; }
  std::optional<std::string> Variable(std::string_view name) const;

  // The content of the secret, without a final newline, read now. NOT_FOUND says how to give it.
  absl::StatusOr<std::string> Secret(std::string_view name) const;
  // The path of the asset.
  absl::StatusOr<std::filesystem::path> Asset(std::string_view name) const;

  // The GPU that the chainlet's Resources declare: its module, loaded, and its devices. Empty:
  // there is none here, and Resources::gpu_optional says that the chainlet runs on CPUs then; why
  // is logged. FAILED_PRECONDITION: what was wanted, what is there, what to do. Takes up to a
  // second.
  absl::StatusOr<std::optional<gpu::Found>> Gpu() const;

 private:
  Contents contents_;
};

}  // namespace chains
