// Overlay: the Kustomize folder that is applied, from what was typed.
//
//   absl::StatusOr<Overlay> overlay = Overlay::Prepare({.name = "dev", .registry = "r.example"});
//   …kubectl apply -k overlay->folder()…
//
// The files of deploy/kubernetes are in the program itself, so it installs wherever it is.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy::cli {

// A folder of this process alone, which goes with it. Move-only.
class ScratchFolder {
 public:
  static absl::StatusOr<ScratchFolder> Make();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// Writes `text` to `path`, with the folders above it.
absl::Status WriteText(const std::filesystem::path& path, std::string_view text);

struct OverlayFlags {
  std::string name = "dev";   // "dev", "production", or a folder with a kustomization
  std::string registry = {};  // "registry.example/chains": images are REGISTRY/platform, …
  std::string tag = {};       // empty: as the overlay says
};

class Overlay {
 public:
  // NOT_FOUND: there is no such overlay, and no such folder. INVALID_ARGUMENT: its cluster.json.
  static absl::StatusOr<Overlay> Prepare(const OverlayFlags& flags);
  const std::filesystem::path& folder() const { return folder_; }

 private:
  Overlay(ScratchFolder scratch, std::filesystem::path folder)
      : scratch_(std::move(scratch)), folder_(std::move(folder)) {}
  ScratchFolder scratch_;
  std::filesystem::path folder_;
};

// The settings with the images of replicas in `registry` and of `tag`, where these are not empty.
// INVALID_ARGUMENT: they are no JSON object. Pure.
absl::StatusOr<std::string> WithImages(const std::string& settings, const OverlayFlags& flags);

// A file of deploy/kubernetes: "base/platform.yaml".
struct ManifestFile {
  std::string_view path;
  std::string_view text;
};
const std::vector<ManifestFile>& ManifestFiles();

}  // namespace chains::deploy::cli
