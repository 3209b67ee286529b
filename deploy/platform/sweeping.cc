#include "deploy/platform/sweeping.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "deploy/bundle/digest.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// Whether BlobStore::Assemble() made it: what else is there is not ours.
bool IsBundleFolder(const std::string& name) {
  const std::string digest(absl::StripSuffix(name, ".assembling"));
  return Sha256FromHex(digest).ok();
}

absl::Status SweepFolders(const std::string& bundles, const std::set<std::string>& needed) {
  std::error_code error;
  if (!fs::exists(bundles, error)) return absl::OkStatus();
  std::vector<std::string> unneeded;
  for (fs::directory_iterator each(bundles, error), end; !error && each != end;
       each.increment(error)) {
    const std::string name = each->path().filename();
    if (IsBundleFolder(name) && !needed.contains(name)) unneeded.push_back(each->path());
  }
  if (error) return FileError("read the folder", bundles, error.value());
  const Files files;
  for (const std::string& folder : unneeded) {
    if (absl::Status removed = files.RemoveTree(folder); !removed.ok()) return removed;
  }
  return absl::OkStatus();
}

}  // namespace

Needed NeededBy(const Model& model) {
  Needed needed;
  for (const auto& [id, deployment] : model.deployments) {
    const state::DeploymentRecord& record = deployment->record;
    for (const std::string& digest : {record.bundle(), record.pending_bundle()}) {
      if (!digest.empty()) needed.bundles.insert(digest);
    }
    // What drains, and what outlived the revision that it was started of, runs from there.
    for (const auto& [name, replica] : deployment->replicas) needed.folders.insert(replica.bundle);
    for (const auto& [number, revision] : deployment->retired) {
      needed.folders.insert(revision->bundle);
    }
  }
  needed.folders.insert(needed.bundles.begin(), needed.bundles.end());
  return needed;
}

absl::Status Sweep(BlobStore& blobs, const std::string& bundles, const Needed& needed) {
  if (absl::Status swept = SweepFolders(bundles, needed.folders); !swept.ok()) return swept;
  std::set<std::string> readable;
  for (const std::string& digest : needed.bundles) {
    const absl::Status read = blobs.GetBundle(digest).status();
    const bool of_no_use = absl::IsNotFound(read) || absl::IsDataLoss(read);
    if (!read.ok() && !of_no_use) return read;
    if (read.ok()) readable.insert(digest);
  }
  return blobs.Collect(readable).status();
}

}  // namespace chains::deploy
