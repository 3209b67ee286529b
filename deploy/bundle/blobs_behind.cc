// BlobStore: what it has in an object store behind it.
#include "deploy/bundle/blobs_behind.h"

#include <utility>
#include <vector>

#include "chains/core/text.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/bundle.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxKnown = 200'000;  // more are asked for again
constexpr unsigned kBundleMode = 0444;

}  // namespace

std::string BlobsBehind::NameOfBlob(std::string_view sha256) {
  const std::string hex = Hex(sha256);
  return Text("blobs/", hex.substr(0, 2), "/", hex.substr(2));
}

std::string BlobsBehind::NameOfBundle(std::string_view digest) { return Text("bundles/", digest); }

bool BlobsBehind::IsKnown(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return known_.contains(name);
}

void BlobsBehind::Note(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMaxKnown) known_.clear();
  known_.insert(name);
}

bool BlobsBehind::Has(const std::string& name) {
  if (IsKnown(name)) return true;
  const absl::StatusOr<bool> there = objects_->Has(name);
  if (!there.ok() || !*there) return false;
  Note(name);
  return true;
}

absl::Status BlobsBehind::Ensure(const std::string& name, const std::string& path) {
  if (Has(name)) return absl::OkStatus();
  if (absl::Status status = objects_->Put(name, path); !status.ok()) {
    return absl::Status(status.code(),
                        Text("the object store behind this one: ", MessageOf(status)));
  }
  Note(name);
  return absl::OkStatus();
}

absl::Status BlobsBehind::Get(const std::string& name,
                              const std::function<absl::Status(std::string_view)>& take) {
  absl::Status status = objects_->Get(name, take);
  if (status.ok()) Note(name);
  return status;
}

absl::Status BlobsBehind::Remove(const std::string& folder, absl::Time since,
                                 const std::function<bool(const std::string& name)>& keep) {
  const absl::StatusOr<std::vector<ObjectStore::Found>> all = objects_->List(folder);
  if (!all.ok()) return all.status();
  for (const ObjectStore::Found& found : *all) {
    if (found.changed >= since || keep(found.name)) continue;
    {
      const std::lock_guard lock(mutex_);
      known_.erase(found.name);
    }
    if (absl::Status status = objects_->Delete(found.name); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// ---- BlobStore

void BlobStore::KeepBehind(std::shared_ptr<ObjectStore> objects) {
  behind_ = std::make_unique<BlobsBehind>(std::move(objects));
}

bool BlobStore::HasBehind(std::string_view sha256) const {
  return behind_ != nullptr && sha256.size() == kSha256Size &&
         behind_->Has(BlobsBehind::NameOfBlob(sha256));
}

absl::Status BlobStore::SaveBehind(std::string_view sha256, const std::string& path) {
  if (behind_ == nullptr) return absl::OkStatus();
  return behind_->Ensure(BlobsBehind::NameOfBlob(sha256), path);
}

absl::Status BlobStore::SaveBundleBehind(const v1::Bundle& bundle, const std::string& digest) {
  if (behind_ == nullptr) return absl::OkStatus();
  // What was here before there was a store behind goes there now.
  for (const v1::BundleFile& file : bundle.files()) {
    absl::Status status = SaveBehind(file.sha256(), BlobPath(file.sha256()));
    if (!status.ok()) return status;
  }
  return behind_->Ensure(BlobsBehind::NameOfBundle(digest), BundlePath(digest));
}

absl::Status BlobStore::BringHere(std::string_view sha256) {
  if (behind_ == nullptr || HasHere(sha256)) return absl::OkStatus();
  absl::StatusOr<Writer> writer = BeginUpTo(sha256, kMaxBundleBytes);
  if (!writer.ok()) return writer.status();
  absl::Status status = behind_->Get(BlobsBehind::NameOfBlob(sha256),
                                     [&](std::string_view piece) { return writer->Append(piece); });
  if (absl::IsNotFound(status)) return absl::OkStatus();  // who needs it says so
  if (!status.ok()) return status;
  status = writer->Commit();
  if (!absl::IsInvalidArgument(status)) return status;
  return absl::DataLossError(Text("the object store behind this one: ", MessageOf(status)));
}

absl::Status BlobStore::BringHere(const v1::Bundle& bundle) {
  for (const v1::BundleFile& file : bundle.files()) {
    if (absl::Status status = BringHere(file.sha256()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status BlobStore::BringBundleHere(std::string_view digest) const {
  if (behind_ == nullptr) return absl::OkStatus();
  std::string bytes;
  absl::Status status =
      behind_->Get(BlobsBehind::NameOfBundle(digest), [&](std::string_view piece) {
        if (piece.size() > kMaxBundleIndexBytes - bytes.size()) {
          return absl::DataLossError(Text("the bundle ", digest, " is too long"));
        }
        bytes += piece;
        return absl::OkStatus();
      });
  if (absl::IsNotFound(status)) return absl::OkStatus();
  if (!status.ok()) return status;
  if (Hex(Sha256Of(bytes)) != digest) {
    return absl::DataLossError(
        Text("the bundle ", digest, " in the object store is damaged; push again"));
  }
  return files_.WriteDurably(Text(root_, "/tmp/bundle-", behind_->Next()), BundlePath(digest),
                             bytes, kBundleMode);
}

absl::Status BlobStore::CollectBehind(const std::set<std::string>& keep_digests,
                                      const std::set<std::string>& keep, absl::Time since) {
  if (behind_ == nullptr) return absl::OkStatus();
  const std::string bundles = BlobsBehind::NameOfBundle("");
  absl::Status status = behind_->Remove(bundles, since, [&](const std::string& name) {
    return keep_digests.contains(name.substr(bundles.size()));
  });
  if (!status.ok()) return status;
  const std::string blobs = "blobs/";
  return behind_->Remove(blobs, since, [&](const std::string& name) {
    std::string hex = name.substr(blobs.size());
    std::erase(hex, '/');
    const absl::StatusOr<std::string> sha256 = Sha256FromHex(hex);
    return !sha256.ok() || keep.contains(hex) || PromisedSince(*sha256, since);
  });
}

}  // namespace chains::deploy
