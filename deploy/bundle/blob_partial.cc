// BlobStore: files that come in several goes.
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "chains/core/text.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/bundle.h"

namespace chains::deploy {

std::string BlobStore::PartialPath(std::string_view sha256) const {
  return Text(root_, "/partial/", Hex(sha256));
}

absl::StatusOr<BlobStore::Writer> BlobStore::GoOn(std::string_view sha256, uint64_t size) {
  if (sha256.size() != kSha256Size || size > kMaxBundleBytes) {
    return absl::InvalidArgumentError(Text("no file of a bundle has ", size,
                                           " bytes and a SHA-256 of ", sha256.size(), " bytes"));
  }
  absl::StatusOr<FileDescriptor> file = files_.GoOnWith(PartialPath(sha256));
  if (!file.ok()) return file.status();
  struct stat info;
  if (fstat(file->get(), &info) != 0) return FileError("read", file->path(), errno);
  // More than all of it is nothing of it.
  if (static_cast<uint64_t>(info.st_size) > size && ftruncate(file->get(), 0) != 0) {
    return FileError("truncate", file->path(), errno);
  }
  Writer writer(this, *std::move(file), std::string(sha256), size, /*exact=*/true);
  writer.keeps_ = true;
  const absl::Status read = ReadPieces(writer.file_, [&writer](std::string_view piece) {
    writer.hasher_.Update(piece);
    writer.written_ += piece.size();
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return writer;
}

}  // namespace chains::deploy
