#include "deploy/logs/output_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include <linux/falloc.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr size_t kAtOnce = 256 * 1024;
constexpr uint64_t kStays = 64 * 1024;   // consumed bytes that are not given back
constexpr uint64_t kPunch = 128 * 1024;  // at least so much at a time
constexpr uint64_t kPage = 4096;
constexpr int kMode = 0600;

}  // namespace

absl::Status OutputFile::Failed(const char* doing) const {
  return absl::InternalError(Text("cannot ", doing, " '", file_.string(), "': ", strerror(errno)));
}

absl::StatusOr<OutputFile> OutputFile::Open(const std::filesystem::path& file, Room room) {
  OutputFile output(file, room);
  output.output_ = Descriptor(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
  if (!output.output_.ok()) return output.Failed("open");
  const std::string position = file.string() + ".position";
  output.stored_ = Descriptor(open(position.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
  if (!output.stored_.ok()) return output.Failed("open the position of");
  if (absl::Status status = output.LoadPosition(); !status.ok()) return status;
  return output;
}

// "POSITION INODE"; of another file, or unreadable, it is as none.
absl::Status OutputFile::LoadPosition() {
  struct stat found {};
  if (fstat(*output_, &found) != 0) return Failed("look at");
  inode_ = found.st_ino;
  std::array<char, 64> text{};
  const ssize_t size = pread(*stored_, text.data(), text.size(), 0);
  if (size < 0) return Failed("read the position of");
  const std::vector<std::string> words =
      absl::StrSplit(absl::string_view(text.data(), static_cast<size_t>(size)),
                     absl::ByAnyChar(" \n"), absl::SkipEmpty());
  uint64_t position = 0;
  uint64_t inode = 0;
  if (words.size() == 2 && absl::SimpleAtoi(words[0], &position) &&
      absl::SimpleAtoi(words[1], &inode) && inode == inode_) {
    position_ = position;
  }
  return absl::OkStatus();
}

// Always of one length, so that it is one text or the other.
absl::Status OutputFile::StorePosition() {
  const std::string text = absl::StrFormat("%020u %020u\n", position_, inode_);
  if (pwrite(*stored_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())) {
    return absl::OkStatus();
  }
  return Failed("keep the position of");
}

absl::StatusOr<std::string> OutputFile::Read() {
  struct stat found {};
  if (fstat(*output_, &found) != 0) return Failed("look at");
  if (static_cast<uint64_t>(found.st_size) < position_) position_ = punched_ = 0;
  std::string bytes(std::min<uint64_t>(kAtOnce, static_cast<uint64_t>(found.st_size) - position_),
                    '\0');
  if (bytes.empty()) return bytes;
  const ssize_t size = pread(*output_, bytes.data(), bytes.size(), static_cast<off_t>(position_));
  if (size < 0) return Failed("read");
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

absl::Status OutputFile::Consumed(size_t bytes) {
  if (bytes == 0) return absl::OkStatus();
  position_ += bytes;
  if (absl::Status status = StorePosition(); !status.ok()) return status;
  return MakeRoom();
}

absl::Status OutputFile::MakeRoom() {
  if (room_ == Room::kPunch) {
    if (position_ < punched_ + kStays + kPunch) return absl::OkStatus();
    const uint64_t end = (position_ - kStays) / kPage * kPage;
    if (fallocate(*output_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(punched_), static_cast<off_t>(end - punched_)) == 0) {
      punched_ = end;
      return absl::OkStatus();
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS) return Failed("make room in");
    room_ = Room::kTruncate;
  }
  struct stat found {};
  if (fstat(*output_, &found) != 0) return Failed("look at");
  if (position_ < kStays || static_cast<uint64_t>(found.st_size) != position_) {
    return absl::OkStatus();
  }
  // The position first: who is killed in between reads twice, but leaves nothing out.
  position_ = 0;
  if (absl::Status status = StorePosition(); !status.ok()) return status;
  return ftruncate(*output_, 0) == 0 ? absl::OkStatus() : Failed("truncate");
}

}  // namespace chains::deploy
