#include "media/file_source.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace transcribe {

FileSource::FileSource(FileSource&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

FileSource::~FileSource() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<size_t> FileSource::ReadAt(uint64_t offset, std::span<char> to) {
  if (offset >= size_) return 0;
  const size_t wanted = std::min<uint64_t>(to.size(), size_ - offset);
  ssize_t count = 0;
  do {
    count = pread(fd_, to.data(), wanted, static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  if (count < 0) return absl::ErrnoToStatus(errno, "media: reading a file");
  return static_cast<size_t>(count);
}

absl::StatusOr<Spool> Spool::Make() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error)
    return absl::UnavailableError("media: there is no folder for temporary files (TMPDIR)");
  int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {  // not every file system knows files without a name
    std::string name = (folder / "media.XXXXXX").string();
    fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) unlink(name.c_str());
  }
  if (fd < 0) return absl::ErrnoToStatus(errno, "media: making a temporary file in TMPDIR");
  return Spool(fd);
}

Spool::Spool(Spool&& other) noexcept : fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

Spool::~Spool() {
  if (fd_ >= 0) close(fd_);
}

absl::Status Spool::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, "media: writing a temporary file in TMPDIR");
    bytes.remove_prefix(static_cast<size_t>(count));
    size_ += static_cast<uint64_t>(count);
  }
  return absl::OkStatus();
}

FileSource Spool::Finish() && { return FileSource(std::exchange(fd_, -1), size_); }

}  // namespace transcribe
