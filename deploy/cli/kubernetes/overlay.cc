#include "deploy/cli/kubernetes/overlay.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include "chains/core/text.h"
#include "deploy/apiserver/object.h"

namespace chains::deploy::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kSettingsFile[] = "cluster.json";

// "REGISTRY/NAME:TAG", from what `image` is: only the part that was asked for changes.
std::string Renamed(const std::string& image, const std::string& name, const OverlayFlags& flags) {
  const size_t slash = image.rfind('/');
  const size_t colon = image.find(':', slash == std::string::npos ? 0 : slash);
  const std::string path =
      flags.registry.empty() ? image.substr(0, colon) : Text(flags.registry, "/", name);
  std::string tag = colon == std::string::npos ? "latest" : image.substr(colon + 1);
  if (!flags.tag.empty()) tag = flags.tag;
  return Text(path, ":", tag);
}

std::string ImagesEntry(const char* name, const OverlayFlags& flags) {
  std::string entry = Text("  - name: chains/", name, "\n");
  if (!flags.registry.empty()) {
    entry += Text("    newName: ", flags.registry, "/", name, "\n");
  }
  if (!flags.tag.empty()) entry += Text("    newTag: \"", flags.tag, "\"\n");
  return entry;
}

// On top of `base`, whose settings it replaces.
std::string KustomizationOver(const std::string& base, const OverlayFlags& flags) {
  return Text(
      "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - ", base,
      "\nimages:\n", ImagesEntry("platform", flags), ImagesEntry("gateway", flags),
      "configMapGenerator:\n  - name: chains-settings\n    namespace: chains\n    behavior: "
      "replace\n    files:\n      - ",
      kSettingsFile, "\n");
}

absl::StatusOr<std::string> ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::NotFoundError(Text("cannot read ", path.string()));
  }
  return text.str();
}

bool IsPlain(const std::string& text) {
  return text.find_first_of(" \t\n\"'#{}[]\\") == std::string::npos;
}

absl::StatusOr<fs::path> FindOverlay(const std::string& name, const fs::path& ours) {
  std::error_code error;
  if (name.find('/') == std::string::npos && fs::is_directory(ours / "overlays" / name, error)) {
    return ours / "overlays" / name;
  }
  const fs::path folder = fs::canonical(name, error);
  if (!error && fs::exists(folder / "kustomization.yaml", error)) return folder;
  return absl::NotFoundError(Text("--overlay ", name,
                                  ": there are dev and production, and no folder of this name "
                                  "with a kustomization.yaml"));
}

}  // namespace

absl::StatusOr<ScratchFolder> ScratchFolder::Make() {
  std::error_code error;
  // Without links in it: Kustomize compares paths.
  fs::path folder = fs::canonical(fs::temp_directory_path(error), error);
  if (error) return absl::FailedPreconditionError(Text("no temporary folder: ", error.message()));
  std::string path = (folder / "chains-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return absl::FailedPreconditionError(
        Text("cannot make a folder in ", folder.string(), ": ", std::strerror(errno)));
  }
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

absl::Status WriteText(const fs::path& path, std::string_view text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary);
  if (!error && file.write(text.data(), static_cast<std::streamsize>(text.size())) &&
      file.flush()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(Text("cannot write ", path.string()));
}

absl::StatusOr<Overlay> Overlay::Prepare(const OverlayFlags& flags) {
  if (!IsPlain(flags.registry) || !IsPlain(flags.tag)) {
    return absl::InvalidArgumentError("--image-registry and --image-tag: that is no image's name");
  }
  absl::StatusOr<ScratchFolder> scratch = ScratchFolder::Make();
  if (!scratch.ok()) return scratch.status();
  const fs::path ours = scratch->path() / "kubernetes";
  for (const ManifestFile& file : ManifestFiles()) {
    if (absl::Status written = WriteText(ours / file.path, file.text); !written.ok()) {
      return written;
    }
  }
  const absl::StatusOr<fs::path> chosen = FindOverlay(flags.name, ours);
  if (!chosen.ok()) return chosen.status();
  if (flags.registry.empty() && flags.tag.empty()) return Overlay(*std::move(scratch), *chosen);
  std::error_code error;
  const bool has_settings = fs::exists(*chosen / kSettingsFile, error);
  const absl::StatusOr<std::string> settings =
      ReadText((has_settings ? *chosen : ours / "base") / kSettingsFile);
  if (!settings.ok()) return settings.status();
  const absl::StatusOr<std::string> with_images = WithImages(*settings, flags);
  if (!with_images.ok()) return with_images.status();
  const fs::path top = scratch->path() / "top";
  const std::string base = fs::relative(*chosen, top, error).string();
  for (const auto& [name, text] :
       {std::pair<const char*, std::string>("kustomization.yaml", KustomizationOver(base, flags)),
        std::pair<const char*, std::string>(kSettingsFile, *with_images)}) {
    if (absl::Status written = WriteText(top / name, text); !written.ok()) return written;
  }
  return Overlay(*std::move(scratch), top);
}

absl::StatusOr<std::string> WithImages(const std::string& settings, const OverlayFlags& flags) {
  absl::StatusOr<Json> parsed = ParseObject(settings);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(Text(kSettingsFile, ": ", MessageOf(parsed.status())));
  }
  if (parsed->contains("images") && !(*parsed)["images"].is_object()) {
    return absl::InvalidArgumentError(Text(kSettingsFile, ": images is no object"));
  }
  Json& images = (*parsed)["images"];
  for (const auto& [field, name] :
       {std::pair("cpu", "replica-cpu"), std::pair("gpu", "replica-gpu")}) {
    std::string image = StringAt(*parsed, Text("/images/", field));
    if (image.empty()) image = Text("chains/", name, ":latest");
    images[field] = Renamed(image, name, flags);
  }
  return parsed->dump(2) + "\n";
}

}  // namespace chains::deploy::cli
