// OutputFile: what a process writes to its standard output, read to the end again and again while
// it grows, and given back to the disk once it was read.
//
//   absl::StatusOr<OutputFile> output = OutputFile::Open(run_folder / "output");
//   absl::StatusOr<std::string> bytes = output->Read();
//   … keep what is in them …
//   output->Consumed(bytes->size());       // not to be read again, also after a restart
//
// The process appends (O_APPEND). How far the file was consumed stands beside it, in
// "output.position", so that after a clean stop nothing is read twice or left out; who is killed
// between keeping and Consumed() reads those bytes twice.
//
// Consumed bytes are punched out of the file: it seems to grow, but takes at most about 256 KiB of
// disk, and its last 64 KiB stay for LastLines(). Unlike truncation that cannot lose what is
// written at this moment. A file system that cannot punch holes has the file truncated instead,
// when all of it was consumed.
//
// For one thread at a time; blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/logs/descriptor.h"

namespace chains::deploy {

class OutputFile {
 public:
  enum class Room { kPunch, kTruncate };

  // Makes the file where there is none yet.
  static absl::StatusOr<OutputFile> Open(const std::filesystem::path& file,
                                         Room room = Room::kPunch);

  // The next bytes that were not consumed, at most 256 KiB; none: there is nothing new. A file that
  // somebody truncated is read from its begin.
  absl::StatusOr<std::string> Read();
  // The first `bytes` of what Read() answered are done with.
  absl::Status Consumed(size_t bytes);

  uint64_t position() const { return position_; }

 private:
  OutputFile(std::filesystem::path file, Room room) : file_(std::move(file)), room_(room) {}
  absl::Status LoadPosition();
  absl::Status StorePosition();
  absl::Status MakeRoom();
  absl::Status Failed(const char* doing) const;

  std::filesystem::path file_;
  Room room_;
  Descriptor output_;
  Descriptor stored_;  // the file with the position
  uint64_t inode_ = 0;
  uint64_t position_ = 0;
  uint64_t punched_ = 0;  // up to where the file is empty
};

}  // namespace chains::deploy
