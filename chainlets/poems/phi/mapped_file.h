// MappedFile: a file's bytes in memory, read from the disk when they are touched.
//
//   absl::StatusOr<MappedFile> file = MappedFile::Open("model.safetensors");
//   std::string_view bytes = file->bytes();
//
// A file must not be shortened while it is mapped: to read behind its new end kills the process.
// Put another in its place by renaming, which leaves the mapped one as it is.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace poems::phi {

// Move-only; bytes() stays valid when the object is moved. Any thread may read.
class MappedFile {
 public:
  // NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT for what is no regular file; all name the file.
  static absl::StatusOr<MappedFile> Open(const std::filesystem::path& file);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  // Begins at a page's border.
  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }
  // Asks the kernel to begin reading all of it; returns at once.
  void Prefetch() const;

 private:
  MappedFile(void* data, size_t size) : data_(data), size_(size) {}

  void* data_ = nullptr;  // null when the file is empty
  size_t size_ = 0;
};

// All that is in a small file. INVALID_ARGUMENT where it has more than `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& file, size_t max_bytes);

}  // namespace poems::phi
