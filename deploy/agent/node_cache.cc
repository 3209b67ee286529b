#include "deploy/agent/node_cache.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// What was begun so long ago belongs to an agent that ended meanwhile.
constexpr absl::Duration kForgotten = absl::Hours(6);

struct Kept {
  std::string path;
  uint64_t size = 0;
  absl::Time used;
};

// Files below `folder`; those of tmp/ that are forgotten are removed on the way.
absl::StatusOr<std::vector<Kept>> FilesOf(const std::string& folder, absl::Time now) {
  std::vector<Kept> files;
  std::error_code error;
  for (fs::recursive_directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error)) {
    struct stat info;
    if (lstat(each->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    const absl::Time used = absl::TimeFromTimespec(info.st_mtim);
    const std::string in = each->path().parent_path().filename();
    if (in == "tmp") {
      if (now - used > kForgotten) unlink(each->path().c_str());
    } else if (in.size() == 2) {
      files.push_back({each->path(), static_cast<uint64_t>(info.st_size), used});
    }
  }
  if (error) return FileError("read the folder", folder, error.value());
  return files;
}

// A new file with all that is in `from`, found under `to` only when it is whole.
absl::Status CopyFile(const FileDescriptor& from, const std::string& temporary,
                      const std::string& to) {
  std::string name = temporary;
  FileDescriptor file(mkostemp(name.data(), O_CLOEXEC), name);
  if (!file.is_open()) return FileError("create", name, errno);
  const Files files;
  absl::Status status =
      ReadPieces(from, [&](std::string_view piece) { return files.Write(file, piece); });
  if (status.ok()) status = files.SetMode(name, 0444);
  if (status.ok()) status = files.Sync(file);
  if (status.ok()) status = files.Rename(name, to);
  if (!status.ok()) unlink(name.c_str());
  return status;
}

}  // namespace

std::string NodeCache::PathOf(const v1::BundleFile& file) const {
  const std::string hex = Hex(file.sha256());
  return Text(folder_, "/", hex.substr(0, 2), "/", hex.substr(2));
}

void NodeCache::Note(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  if (problem_.ok()) problem_ = status;
}

absl::Status NodeCache::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

bool NodeCache::CopyInto(BlobStore& store, const v1::BundleFile& file) {
  const absl::StatusOr<bool> copied = TryCopy(store, file);
  if (!copied.ok()) Note(copied.status());
  return copied.ok() && *copied;
}

absl::StatusOr<bool> NodeCache::TryCopy(BlobStore& store, const v1::BundleFile& file) {
  const std::string path = PathOf(file);
  absl::StatusOr<FileDescriptor> from = OpenForReading(path);
  if (absl::IsNotFound(from.status())) return false;
  if (!from.ok()) return from.status();
  absl::StatusOr<BlobStore::Writer> writer = store.Begin(file.sha256(), file.size());
  if (!writer.ok()) return writer.status();
  absl::Status status =
      ReadPieces(*from, [&](std::string_view piece) { return writer->Append(piece); });
  if (status.ok()) status = writer->Commit();
  if (absl::IsInvalidArgument(status)) {
    unlink(path.c_str());
    return absl::DataLossError(Text(path, " was damaged, and was removed; check the node's disk"));
  }
  if (!status.ok()) return status;
  futimens(from->get(), nullptr);  // used now; a read-only cache serves as well
  return true;
}

void NodeCache::Add(const BlobStore& store, const v1::BundleFile& file) {
  if (file.size() > max_bytes_) return;
  absl::Status added = TryAdd(store, file);
  if (added.ok()) added = Sweep();
  if (!added.ok()) Note(added);
}

absl::Status NodeCache::TryAdd(const BlobStore& store, const v1::BundleFile& file) {
  const std::string path = PathOf(file);
  if (access(path.c_str(), F_OK) == 0) return absl::OkStatus();
  const absl::StatusOr<FileDescriptor> from = store.OpenBlob(file.sha256());
  if (!from.ok()) return from.status();
  const Files files;
  absl::Status made = files.MakeFolders(folder_ + "/tmp");
  if (made.ok()) made = files.MakeFolders(fs::path(path).parent_path());
  return made.ok() ? CopyFile(*from, folder_ + "/tmp/XXXXXX", path) : made;
}

// One agent at a time; where another is at it, there is nothing to do.
absl::Status NodeCache::Sweep() const {
  const std::string path = folder_ + "/lock";
  const FileDescriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666), path);
  if (!lock.is_open()) return FileError("open", path, errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return absl::OkStatus();
  absl::StatusOr<std::vector<Kept>> files = FilesOf(folder_, absl::Now());
  if (!files.ok()) return files.status();
  std::sort(files->begin(), files->end(),
            [](const Kept& a, const Kept& b) { return a.used > b.used; });
  uint64_t size = 0;
  for (const Kept& each : *files) {
    if (each.size <= max_bytes_ - size) {
      size += each.size;
    } else if (unlink(each.path.c_str()) != 0 && errno != ENOENT) {
      return FileError("remove", each.path, errno);
    }
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy
