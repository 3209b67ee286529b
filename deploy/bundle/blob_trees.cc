// BlobStore: folders made of its files, and what no bundle needs any more.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/blobs_behind.h"
#include "deploy/bundle/bundle.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kPlainMode = 0444;
constexpr unsigned kProgramMode = 0555;

unsigned ModeOf(const v1::BundleFile& file) {
  return file.executable() ? kProgramMode : kPlainMode;
}

template <typename Identity>
Identity IdentityOf(const struct stat& info) {
  return Identity(info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                  static_cast<int64_t>(info.st_ctim.tv_sec) * 1'000'000'000 + info.st_ctim.tv_nsec);
}

// All folders below the tree's root that `bundle` needs, each after the one that it is in.
std::set<std::string> FoldersOf(const v1::Bundle& bundle) {
  std::set<std::string> folders;
  for (const v1::BundleFile& file : bundle.files()) {
    const std::string& path = file.path();
    for (size_t i = path.find('/'); i != path.npos; i = path.find('/', i + 1)) {
      folders.insert(path.substr(0, i));
    }
  }
  return folders;
}

}  // namespace

// What has just been hashed on its way in need not be read again for the first folder. Where
// folders are being made now, it will be.
void BlobStore::Writer::NoteVerified() {
  const std::unique_lock lock(store_->trees_, std::try_to_lock);
  struct stat info;
  if (!lock || stat(store_->BlobPath(sha256_).c_str(), &info) != 0) return;
  store_->verified_[sha256_] = IdentityOf<Identity>(info);
}

// Reads the whole file, unless nothing has touched it since it was last read.
absl::Status BlobStore::Verify(const v1::BundleFile& file) {
  const std::string path = BlobPath(file.sha256());
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT
               ? absl::FailedPreconditionError(
                     Text("the file ", file.path(), " of the bundle (SHA-256 ", Hex(file.sha256()),
                          ") is not in the store; push again to upload it"))
               : FileError("read", path, errno);
  }
  const auto known = verified_.find(file.sha256());
  const bool unchanged = known != verified_.end() && known->second == IdentityOf<Identity>(info);
  if (!unchanged) {
    absl::StatusOr<std::string> is = Sha256OfFile(path);
    if (!is.ok()) return is.status();
    if (*is != file.sha256()) {
      verified_.erase(file.sha256());
      absl::Status removed = files_.Remove(path);
      if (!removed.ok()) return removed;
      return absl::DataLossError(Text(path, ", the file ", file.path(),
                                      " of the bundle, is damaged and was removed; push again to "
                                      "upload it, and check the disk"));
    }
  }
  if (static_cast<uint64_t>(info.st_size) != file.size()) {
    return absl::InvalidArgumentError(Text("the bundle is not valid: ", file.path(), " has ",
                                           info.st_size, " bytes, not ", file.size()));
  }
  return absl::OkStatus();
}

absl::Status BlobStore::Copy(const v1::BundleFile& file, const std::string& path) {
  absl::StatusOr<FileDescriptor> from = OpenForReading(BlobPath(file.sha256()));
  if (!from.ok()) return from.status();
  absl::StatusOr<FileDescriptor> to = files_.Create(path);
  if (!to.ok()) return to.status();
  Hasher hasher;
  absl::Status status = ReadPieces(*from, [&](std::string_view piece) {
    hasher.Update(piece);
    return files_.Write(*to, piece);
  });
  if (!status.ok()) return status;
  if (hasher.Finish() != file.sha256()) {
    return absl::DataLossError(Text(from->path(), " changed while it was copied; push again"));
  }
  status = files_.SetMode(path, ModeOf(file));
  return status.ok() ? files_.Sync(*to) : status;
}

// A link shares the mode: where a file is wanted executable in one place and not in another, the
// second place has a copy.
absl::Status BlobStore::PlaceFile(const v1::BundleFile& file, const std::string& path) {
  if (absl::Status status = Verify(file); !status.ok()) return status;
  const std::string blob = BlobPath(file.sha256());
  struct stat info;
  if (stat(blob.c_str(), &info) != 0) return FileError("read", blob, errno);
  bool fits = (info.st_mode & 07777) == ModeOf(file);
  if (!fits && info.st_nlink == 1) {
    if (absl::Status status = files_.SetMode(blob, ModeOf(file)); !status.ok()) return status;
    fits = true;
  }
  absl::StatusOr<bool> linked = false;
  if (fits) linked = files_.Link(blob, path);
  if (!linked.ok()) return linked.status();
  absl::Status status = *linked ? absl::OkStatus() : Copy(file, path);
  // Linking has changed the inode's time of change.
  if (status.ok() && stat(blob.c_str(), &info) == 0) {
    verified_[file.sha256()] = IdentityOf<Identity>(info);
  }
  return status;
}

bool BlobStore::HasContent(const v1::BundleFile& file, const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
      (info.st_mode & 07777) != ModeOf(file) ||
      static_cast<uint64_t>(info.st_size) != file.size()) {
    return false;
  }
  const auto known = verified_.find(file.sha256());
  if (known != verified_.end() && known->second == IdentityOf<Identity>(info)) return true;
  const absl::StatusOr<std::string> is = Sha256OfFile(path);
  return is.ok() && *is == file.sha256();
}

bool BlobStore::IsComplete(const v1::Bundle& bundle, const std::string& dir) {
  return std::all_of(bundle.files().begin(), bundle.files().end(), [&](const v1::BundleFile& file) {
    return HasContent(file, Text(dir, "/", file.path()));
  });
}

absl::Status BlobStore::Populate(const v1::Bundle& bundle, const std::string& dir) {
  absl::Status status = files_.MakeFolders(dir);
  const std::set<std::string> folders = FoldersOf(bundle);
  for (const std::string& folder : folders) {
    if (status.ok()) status = files_.MakeFolders(Text(dir, "/", folder));
  }
  for (const v1::BundleFile& file : bundle.files()) {
    if (status.ok()) status = PlaceFile(file, Text(dir, "/", file.path()));
  }
  for (const std::string& folder : folders) {
    if (status.ok()) status = files_.SyncFolder(Text(dir, "/", folder));
  }
  return status.ok() ? files_.SyncFolder(dir) : status;
}

absl::Status BlobStore::Assemble(const v1::Bundle& bundle, const std::string& dir) {
  if (absl::Status valid = ValidateBundle(bundle); !valid.ok()) return valid;
  if (absl::Status status = BringHere(bundle); !status.ok()) return status;
  const std::lock_guard lock(trees_);
  std::error_code error;
  const bool there = fs::exists(fs::symlink_status(dir, error));
  if (there && IsComplete(bundle, dir)) return absl::OkStatus();

  const std::string half_made = dir + ".assembling";
  const std::string parent = fs::path(dir).parent_path();
  absl::Status status = files_.RemoveTree(half_made);
  if (status.ok()) status = Populate(bundle, half_made);
  if (status.ok()) status = there ? files_.Exchange(half_made, dir) : files_.Rename(half_made, dir);
  if (status.ok()) status = files_.SyncFolder(parent.empty() ? "." : parent);
  absl::Status removed = files_.RemoveTree(half_made);
  return status.ok() ? removed : status;
}

// ---- what nobody needs any more

bool BlobStore::PromisedSince(const std::string& sha256, absl::Time since) {
  const std::lock_guard lock(mutex_);
  const auto promise = promised_.find(sha256);
  return promise != promised_.end() && promise->second >= since;
}

absl::StatusOr<std::set<std::string>> BlobStore::FilesOf(
    const std::set<std::string>& digests) const {
  std::set<std::string> files;
  for (const std::string& digest : digests) {
    absl::StatusOr<v1::Bundle> bundle = GetBundle(digest);
    if (!bundle.ok()) return bundle.status();
    for (const v1::BundleFile& file : bundle->files()) files.insert(Hex(file.sha256()));
  }
  return files;
}

namespace {

struct Entry {
  std::string path;
  std::string name;
  uint64_t size;
  absl::Time written;
};

absl::StatusOr<std::vector<Entry>> FilesBelow(const std::string& folder) {
  std::error_code error;
  std::vector<Entry> entries;
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    struct stat info;
    if (lstat(i->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    entries.push_back({i->path(), i->path().filename(), static_cast<uint64_t>(info.st_size),
                       absl::TimeFromTimespec(info.st_mtim)});
  }
  if (error) return FileError("read the folder", folder, error.value());
  return entries;
}

}  // namespace

absl::Status BlobStore::CollectBundles(const std::set<std::string>& keep, absl::Time since,
                                       Collected& out) {
  const absl::StatusOr<std::vector<Entry>> entries = FilesBelow(root_ + "/bundles");
  if (!entries.ok()) return entries.status();
  for (const Entry& entry : *entries) {
    if (keep.count(entry.name) != 0 || entry.written >= since) continue;
    if (absl::Status status = files_.Remove(entry.path); !status.ok()) return status;
    ++out.bundles;
  }
  return absl::OkStatus();
}

absl::Status BlobStore::CollectBlobs(const std::set<std::string>& keep, absl::Time since,
                                     Collected& out) {
  const absl::StatusOr<std::vector<Entry>> entries = FilesBelow(root_ + "/blobs");
  if (!entries.ok()) return entries.status();
  for (const Entry& entry : *entries) {
    const std::string hex = fs::path(entry.path).parent_path().filename().string() + entry.name;
    const absl::StatusOr<std::string> sha256 = Sha256FromHex(hex);
    if (!sha256.ok() || keep.count(hex) != 0 || entry.written >= since ||
        PromisedSince(*sha256, since)) {
      continue;
    }
    if (absl::Status status = files_.Remove(entry.path); !status.ok()) return status;
    verified_.erase(*sha256);
    ++out.files;
    out.bytes += entry.size;
  }
  return absl::OkStatus();
}

absl::Status BlobStore::CollectPartial(const std::set<std::string>& keep, absl::Time since,
                                       Collected& out) {
  const absl::StatusOr<std::vector<Entry>> entries = FilesBelow(root_ + "/partial");
  if (!entries.ok()) return entries.status();
  for (const Entry& entry : *entries) {
    if (keep.count(entry.name) != 0 || entry.written >= since) continue;
    if (absl::Status status = files_.Remove(entry.path); !status.ok()) return status;
    out.bytes += entry.size;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> BlobStore::Size() const {
  uint64_t size = 0;
  for (const char* folder : {"/blobs", "/partial", "/tmp"}) {
    const absl::StatusOr<std::vector<Entry>> entries = FilesBelow(root_ + folder);
    if (!entries.ok()) return entries.status();
    for (const Entry& entry : *entries) size += entry.size;
  }
  return size;
}

absl::StatusOr<BlobStore::Collected> BlobStore::Collect(const std::set<std::string>& keep_digests,
                                                        absl::Duration grace,
                                                        const v1::Bundle* coming) {
  const std::lock_guard lock(trees_);
  const absl::Time since = absl::Now() - grace;
  // All that is kept must be known before anything goes.
  absl::StatusOr<std::set<std::string>> keep = FilesOf(keep_digests);
  if (!keep.ok()) return keep.status();
  if (coming != nullptr) {
    for (const v1::BundleFile& file : coming->files()) keep->insert(Hex(file.sha256()));
  }
  Collected collected;
  absl::Status status = CollectBundles(keep_digests, since, collected);
  if (status.ok()) status = CollectBlobs(*keep, since, collected);
  if (status.ok()) status = CollectPartial(*keep, since, collected);
  if (status.ok()) status = CollectBehind(keep_digests, *keep, since);
  {
    const std::lock_guard promises(mutex_);
    std::erase_if(promised_, [&](const auto& promise) { return promise.second < since; });
  }
  if (!status.ok()) return status;
  return collected;
}

}  // namespace chains::deploy
