// Files: operations on files that survive a crash, and say what to do when they fail.
//
//   Files files;
//   absl::StatusOr<FileDescriptor> file = files.Create("/data/tmp/1");
//   absl::Status written = files.Write(*file, "text");
//   …
//   files.Rename("/data/tmp/1", "/data/blobs/1");
//
// All that is stored goes through here, so that a test can cut it off before any one operation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy {

// "cannot OPERATION PATH: REASON", with the next step where there is a usual one.
// RESOURCE_EXHAUSTED for a full disk, NOT_FOUND, PERMISSION_DENIED, else INTERNAL.
absl::Status FileError(std::string_view operation, std::string_view path, int error);

// Owns an open file. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  FileDescriptor(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }
  const std::string& path() const { return path_; }
  void Close();

 private:
  int fd_ = -1;
  std::string path_;
};

// Opens a regular file for reading. INVALID_ARGUMENT: it is something else.
absl::StatusOr<FileDescriptor> OpenForReading(const std::string& path);

// Gives `take` all that is in the file, in pieces, until it fails.
absl::Status ReadPieces(const FileDescriptor& file,
                        absl::FunctionRef<absl::Status(std::string_view)> take);

// At most `max_bytes` from `offset` on; fewer only at the file's end. The file's own place does not
// move.
absl::StatusOr<std::string> ReadAt(const FileDescriptor& file, uint64_t offset, size_t max_bytes);

// All that is in the file. INVALID_ARGUMENT: that is more than `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);

// Thread-safe. What makes folders durable (the entries that were made, renamed or removed) is
// SyncFolder; what makes contents durable is Sync.
class Files {
 public:
  // Called before each operation that changes something; a failure is that of the operation.
  using Hook = std::function<absl::Status(std::string_view operation, std::string_view path)>;

  explicit Files(Hook hook = nullptr) : hook_(std::move(hook)) {}

  // With all folders above. There already: OK.
  absl::Status MakeFolders(const std::string& path) const;
  // A new file, of mode 0600; ALREADY_EXISTS where there is one.
  absl::StatusOr<FileDescriptor> Create(const std::string& path) const;
  // As it is there, to be gone on with at its end; else a new one.
  absl::StatusOr<FileDescriptor> GoOnWith(const std::string& path) const;
  // Claims `size` bytes on the disk, where the file system can; a full disk shows here.
  absl::Status Reserve(const FileDescriptor& file, uint64_t size) const;
  absl::Status Write(const FileDescriptor& file, std::string_view data) const;
  absl::Status Sync(const FileDescriptor& file) const;
  absl::Status SyncFolder(const std::string& path) const;
  absl::Status SetMode(const std::string& path, unsigned mode) const;
  absl::Status Rename(const std::string& from, const std::string& to) const;
  // Each takes the other's place at once.
  absl::Status Exchange(const std::string& a, const std::string& b) const;
  // False where the two cannot share a file (other file system, too many links): copy then.
  absl::StatusOr<bool> Link(const std::string& from, const std::string& to) const;
  // Gone already: OK.
  absl::Status Remove(const std::string& path) const;
  absl::Status RemoveTree(const std::string& path) const;

  // Writes `data` to a temporary file beside `path`, makes it durable and puts it there.
  absl::Status WriteDurably(const std::string& temporary, const std::string& path,
                            std::string_view data, unsigned mode) const;

 private:
  absl::Status Before(std::string_view operation, std::string_view path) const;

  Hook hook_;
};

}  // namespace chains::deploy
