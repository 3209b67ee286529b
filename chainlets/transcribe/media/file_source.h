// FileSource: a recording in a file; Spool: one that is written as it comes, and read afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "media/source.h"

namespace transcribe {

class FileSource final : public MediaSource {
 public:
  // Takes the descriptor over. A file that becomes shorter ends earlier.
  FileSource(int fd, uint64_t size) : fd_(fd), size_(size) {}
  FileSource(FileSource&& other) noexcept;
  FileSource& operator=(FileSource&&) = delete;
  ~FileSource() override;

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> to) override;
  uint64_t size() const override { return size_; }

 private:
  int fd_;
  uint64_t size_;
};

// A file without a name, in the folder for temporary files: gone with its last reader.
class Spool {
 public:
  // UNAVAILABLE when there is no such folder, or it cannot be written.
  static absl::StatusOr<Spool> Make();
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&&) = delete;
  ~Spool();

  absl::Status Append(std::string_view bytes);
  uint64_t size() const { return size_; }
  // What was appended.
  FileSource Finish() &&;

 private:
  explicit Spool(int fd) : fd_(fd) {}

  int fd_;
  uint64_t size_ = 0;
};

}  // namespace transcribe
