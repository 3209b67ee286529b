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

 private:
  Contents contents_;
};

}  // namespace chains
