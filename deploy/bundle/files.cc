#include "deploy/bundle/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

std::string NextStep(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free space there, or use another folder";
    case EACCES:
    case EPERM:
      return "; look who owns it and what its mode is (ls -ld)";
    case EROFS:
      return "; it is mounted read-only: use another folder";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

absl::Status FileError(std::string_view operation, std::string_view path, int error) {
  const std::string message =
      Text("cannot ", operation, " ", path, ": ", std::strerror(error), NextStep(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(message);
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case EEXIST:
      return absl::AlreadyExistsError(message);
    default:
      return absl::InternalError(message);
  }
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() { Close(); }

void FileDescriptor::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

absl::StatusOr<FileDescriptor> OpenForReading(const std::string& path) {
  // Not blocking, since opening a pipe would wait for who writes to it.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), path);
  if (!file.is_open()) return FileError("read", path, errno);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return FileError("read", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(Text("cannot read ", path, ": it is no regular file"));
  }
  return file;
}

absl::Status ReadPieces(const FileDescriptor& file,
                        absl::FunctionRef<absl::Status(std::string_view)> take) {
  std::vector<char> buffer(size_t{1} << 18);
  while (true) {
    const ssize_t count = read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError("read", file.path(), errno);
    if (count == 0) return absl::OkStatus();
    absl::Status status = take({buffer.data(), static_cast<size_t>(count)});
    if (!status.ok()) return status;
  }
}

absl::StatusOr<std::string> ReadAt(const FileDescriptor& file, uint64_t offset, size_t max_bytes) {
  std::string bytes(max_bytes, '\0');
  size_t size = 0;
  while (size < max_bytes) {
    const ssize_t count =
        pread(file.get(), bytes.data() + size, max_bytes - size, static_cast<off_t>(offset + size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError("read", file.path(), errno);
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  bytes.resize(size);
  return bytes;
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  absl::StatusOr<FileDescriptor> file = OpenForReading(path);
  if (!file.ok()) return file.status();
  std::string bytes;
  absl::Status status = ReadPieces(*file, [&](std::string_view piece) {
    if (piece.size() > max_bytes - bytes.size()) {
      return absl::InvalidArgumentError(
          Text("cannot read ", path, ": it has more than ", max_bytes, " bytes"));
    }
    bytes.append(piece);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return bytes;
}

absl::Status Files::Before(std::string_view operation, std::string_view path) const {
  return hook_ ? hook_(operation, path) : absl::OkStatus();
}

absl::Status Files::MakeFolders(const std::string& path) const {
  std::error_code error;
  if (fs::is_directory(path, error)) return absl::OkStatus();
  if (absl::Status status = Before("make the folder", path); !status.ok()) return status;
  fs::create_directories(path, error);
  return error ? FileError("make the folder", path, error.value()) : absl::OkStatus();
}

absl::StatusOr<FileDescriptor> Files::Create(const std::string& path) const {
  if (absl::Status status = Before("create", path); !status.ok()) return status;
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), path);
  if (!file.is_open()) return FileError("create", path, errno);
  return file;
}

absl::StatusOr<FileDescriptor> Files::GoOnWith(const std::string& path) const {
  if (absl::Status status = Before("create", path); !status.ok()) return status;
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600), path);
  if (!file.is_open()) return FileError("create", path, errno);
  return file;
}

absl::Status Files::Reserve(const FileDescriptor& file, uint64_t size) const {
  if (size == 0) return absl::OkStatus();
  if (absl::Status status = Before("reserve space for", file.path()); !status.ok()) return status;
  while (fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
      return FileError(Text("reserve ", size, " bytes for"), file.path(), errno);
    }
    break;  // it has no such operation
  }
  return absl::OkStatus();
}

absl::Status Files::Write(const FileDescriptor& file, std::string_view data) const {
  if (absl::Status status = Before("write", file.path()); !status.ok()) return status;
  while (!data.empty()) {
    const ssize_t written = write(file.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", file.path(), errno);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status Files::Sync(const FileDescriptor& file) const {
  if (absl::Status status = Before("sync", file.path()); !status.ok()) return status;
  return fsync(file.get()) == 0 ? absl::OkStatus() : FileError("sync", file.path(), errno);
}

absl::Status Files::SyncFolder(const std::string& path) const {
  if (absl::Status status = Before("sync the folder", path); !status.ok()) return status;
  const FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
  if (!folder.is_open() || fsync(folder.get()) != 0) {
    return FileError("sync the folder", path, errno);
  }
  return absl::OkStatus();
}

absl::Status Files::SetMode(const std::string& path, unsigned mode) const {
  if (absl::Status status = Before("set the mode of", path); !status.ok()) return status;
  return chmod(path.c_str(), mode) == 0 ? absl::OkStatus()
                                        : FileError("set the mode of", path, errno);
}

absl::Status Files::Rename(const std::string& from, const std::string& to) const {
  if (absl::Status status = Before("make", to); !status.ok()) return status;
  return rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : FileError("make", to, errno);
}

absl::Status Files::Exchange(const std::string& a, const std::string& b) const {
  if (absl::Status status = Before("replace", b); !status.ok()) return status;
  return renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0
             ? absl::OkStatus()
             : FileError("replace", b, errno);
}

absl::StatusOr<bool> Files::Link(const std::string& from, const std::string& to) const {
  if (absl::Status status = Before("link", to); !status.ok()) return status;
  if (link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EXDEV || errno == EMLINK || errno == EPERM || errno == EOPNOTSUPP) return false;
  return FileError("link", to, errno);
}

absl::Status Files::Remove(const std::string& path) const {
  if (absl::Status status = Before("remove", path); !status.ok()) return status;
  return unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus()
                                                      : FileError("remove", path, errno);
}

absl::Status Files::RemoveTree(const std::string& path) const {
  if (absl::Status status = Before("remove", path); !status.ok()) return status;
  std::error_code error;
  fs::remove_all(path, error);
  return error ? FileError("remove", path, error.value()) : absl::OkStatus();
}

absl::Status Files::WriteDurably(const std::string& temporary, const std::string& path,
                                 std::string_view data, unsigned mode) const {
  absl::Status status;
  {
    absl::StatusOr<FileDescriptor> file = Create(temporary);
    if (!file.ok()) return file.status();
    status = Write(*file, data);
    if (status.ok()) status = SetMode(temporary, mode);
    if (status.ok()) status = Sync(*file);
  }
  if (status.ok()) status = Rename(temporary, path);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncFolder(fs::path(path).parent_path());
}

}  // namespace chains::deploy
