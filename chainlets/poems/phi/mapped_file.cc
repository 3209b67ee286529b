#include "phi/mapped_file.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "chains/core/text.h"

namespace poems::phi {
namespace {

using chains::Text;

absl::Status Failed(std::string_view what, const std::filesystem::path& file, int error) {
  return absl::ErrnoToStatus(error, Text("cannot ", what, " ", file.string()));
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Open(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not hold us
  if (fd < 0) return Failed("open", file, errno);
  struct stat about = {};
  const bool known = fstat(fd, &about) == 0;
  const int error = errno;
  void* data = nullptr;
  int map_error = 0;
  if (known && S_ISREG(about.st_mode) && about.st_size > 0) {
    data = mmap(nullptr, static_cast<size_t>(about.st_size), PROT_READ, MAP_SHARED, fd, 0);
    map_error = data == MAP_FAILED ? errno : 0;
  }
  close(fd);  // the mapping stays
  if (!known) return Failed("look at", file, error);
  if (!S_ISREG(about.st_mode))
    return absl::InvalidArgumentError(Text(file.string(), " is no regular file"));
  if (map_error != 0) return Failed("map", file, map_error);
  return MappedFile(data, static_cast<size_t>(about.st_size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

void MappedFile::Prefetch() const {
  if (data_ != nullptr) madvise(data_, size_, MADV_WILLNEED);  // a hint: it may be refused
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& file, size_t max_bytes) {
  absl::StatusOr<MappedFile> mapped = MappedFile::Open(file);
  if (!mapped.ok()) return mapped.status();
  if (mapped->bytes().size() <= max_bytes) return std::string(mapped->bytes());
  return absl::InvalidArgumentError(Text(file.string(), " has ", mapped->bytes().size(),
                                         " bytes; at most ", max_bytes, " are expected of it"));
}

}  // namespace poems::phi
