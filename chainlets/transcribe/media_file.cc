#include "media_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace transcribe {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

bool IsBelow(const fs::path& folder, const fs::path& path) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

std::string Named(std::string_view path) {
  return absl::StrCat("media_path ", std::string(path.substr(0, 200)));
}

// Without blocking, should it be a pipe.
absl::StatusOr<Descriptor> OpenBelow(const fs::path& folder, std::string_view path) {
  if (path.find('\0') != path.npos) {
    return absl::InvalidArgumentError("media_path holds a zero byte");
  }
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error) return absl::FailedPreconditionError("media_path: the allowed folder is not there");
  const fs::path wanted = fs::weakly_canonical(root / path, error);
  if (error || !IsBelow(root, wanted)) {
    return absl::PermissionDeniedError(Named(path) + " is outside the allowed folder");
  }
  Descriptor file(open(wanted.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (file.get() < 0) return absl::ErrnoToStatus(errno, Named(path));
  // A link put into the path after it was resolved shows here.
  const fs::path opened = fs::read_symlink(absl::StrCat("/proc/self/fd/", file.get()), error);
  if (error || !IsBelow(root, opened)) {
    return absl::PermissionDeniedError(Named(path) + " is outside the allowed folder");
  }
  return file;
}

}  // namespace

absl::StatusOr<FileSource> OpenMediaFile(const fs::path& folder, std::string_view path,
                                         uint64_t max_bytes) {
  absl::StatusOr<Descriptor> file = OpenBelow(folder, path);
  if (!file.ok()) return file.status();
  struct stat about {};
  if (fstat(file->get(), &about) != 0) return absl::ErrnoToStatus(errno, Named(path));
  if (!S_ISREG(about.st_mode)) return absl::InvalidArgumentError(Named(path) + " is no file");
  const auto size = static_cast<uint64_t>(about.st_size);
  if (size > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(Named(path), " has more than the allowed ", max_bytes, " bytes"));
  }
  return FileSource(file->Release(), size);
}

}  // namespace transcribe
