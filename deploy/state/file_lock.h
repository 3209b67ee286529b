// FileLock: one process at a time, by a lock on a file that ends with the process.
//
//   absl::StatusOr<FileLock> lock = FileLock::Take("/home/ada/.chains/platform.db.lock");
//
// The file holds the process id of who has the lock. It stays when the lock is given back: a file
// that is removed and made again could be locked by two.
#pragma once

#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy {

class FileLock {
 public:
  // FAILED_PRECONDITION names the process that has it, when it has had it for a second.
  static absl::StatusOr<FileLock> Take(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace chains::deploy
