#include "deploy/logs/kept_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "chains/core/text.h"
#include "deploy/logs/log_line.h"

namespace chains::deploy {
namespace {

constexpr size_t kPiece = 256 * 1024;

absl::StatusOr<uint64_t> SizeOf(int descriptor) {
  struct stat found {};
  if (fstat(descriptor, &found) != 0) return absl::InternalError(strerror(errno));
  return static_cast<uint64_t>(found.st_size);
}

// Calls `each` for every line of the first `size` bytes, until it answers false. What is no line of
// a log, half of one that a killed process left say, is passed over.
absl::StatusOr<bool> EachLine(int descriptor, uint64_t size, KeptLog::Each each) {
  std::string bytes;
  for (uint64_t at = 0; at < size;) {
    const size_t kept = bytes.size();
    bytes.resize(kept + std::min<uint64_t>(kPiece, size - at));
    const ssize_t read =
        pread(descriptor, bytes.data() + kept, bytes.size() - kept, static_cast<off_t>(at));
    if (read < 0) return absl::InternalError(strerror(errno));
    if (read == 0) return true;
    bytes.resize(kept + static_cast<size_t>(read));
    at += static_cast<uint64_t>(read);
    size_t begin = 0;
    for (size_t end = 0; (end = bytes.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::optional<v1::LogLine> line =
          FromJson(std::string_view(bytes).substr(begin, end - begin));
      if (line && !each(*line)) return false;
    }
    bytes.erase(0, begin);
  }
  return true;
}

}  // namespace

KeptLog::KeptLog(std::filesystem::path file, uint64_t most_bytes)
    : file_(std::move(file)), older_(file_.string() + ".1"), half_(most_bytes / 2) {}

absl::Status KeptLog::Failed(const char* doing) const {
  const int number = errno;
  const std::string what = Text("cannot ", doing, " the log '", file_.string(), "'");
  if (number == ENOSPC || number == EDQUOT) {
    return absl::ResourceExhaustedError(
        Text(what, ": no room left on its disk; make room, and it goes on"));
  }
  return absl::InternalError(Text(what, ": ", strerror(number)));
}

absl::StatusOr<std::shared_ptr<KeptLog>> KeptLog::Open(const std::filesystem::path& file,
                                                       uint64_t most_bytes) {
  std::shared_ptr<KeptLog> log = std::unique_ptr<KeptLog>(new KeptLog(file, most_bytes));
  const std::lock_guard lock(log->mutex_);
  if (absl::Status status = log->OpenFile(); !status.ok()) return status;
  return log;
}

absl::Status KeptLog::OpenFile() {
  newer_ = Descriptor(open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!newer_.ok()) return Failed("open");
  const absl::StatusOr<uint64_t> size = SizeOf(*newer_);
  if (!size.ok()) return Failed("look at");
  size_ = *size;
  // Who was killed may have left half a line; the next one is not to be glued to it.
  char last = '\n';
  if (size_ > 0 && pread(*newer_, &last, 1, static_cast<off_t>(size_ - 1)) != 1) {
    return Failed("read");
  }
  return last == '\n' ? absl::OkStatus() : Write("\n");
}

absl::Status KeptLog::Rotate() {
  if (rename(file_.c_str(), older_.c_str()) != 0) return Failed("rotate");
  return OpenFile();
}

// All of it or none.
absl::Status KeptLog::Write(const std::string& text) {
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t written = write(*newer_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      absl::Status status = Failed("write");
      if (ftruncate(*newer_, static_cast<off_t>(size_)) != 0) return Failed("take back from");
      return status;
    }
    left.remove_prefix(static_cast<size_t>(written));
  }
  size_ += text.size();
  return absl::OkStatus();
}

absl::Status KeptLog::Append(const std::vector<v1::LogLine>& lines) {
  const std::lock_guard lock(mutex_);
  if (!newer_.ok()) {  // it could not be opened when it was rotated
    if (absl::Status status = OpenFile(); !status.ok()) return status;
  }
  std::string text;
  for (const v1::LogLine& line : lines) {
    const std::string json = ToJson(line);
    if (size_ + text.size() > 0 && size_ + text.size() + json.size() > half_) {
      if (absl::Status status = Write(text); !status.ok()) return status;
      text.clear();
      if (absl::Status status = Rotate(); !status.ok()) return status;
    }
    text += json;
  }
  if (absl::Status status = Write(text); !status.ok()) return status;
  std::erase_if(inboxes_, [&lines](const std::weak_ptr<internal::Inbox>& each) {
    const std::shared_ptr<internal::Inbox> inbox = each.lock();
    if (inbox == nullptr) return true;
    for (const v1::LogLine& line : lines) inbox->Put(line);
    return false;
  });
  return absl::OkStatus();
}

// Under the mutex; what is open stays readable when it is rotated away.
absl::StatusOr<KeptLog::Past> KeptLog::OpenPast() {
  Past past;
  past.older = Descriptor(open(older_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!past.older.ok() && errno != ENOENT) return Failed("read");
  if (past.older.ok()) {
    const absl::StatusOr<uint64_t> size = SizeOf(*past.older);
    if (!size.ok()) return Failed("look at");
    past.older_size = *size;
  }
  past.newer = Descriptor(open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!past.newer.ok()) return Failed("read");
  past.newer_size = size_;
  return past;
}

absl::Status KeptLog::ReadPast(const Past& past, const LogFilter& filter, Each each) const {
  std::deque<v1::LogLine> last;
  const auto take = [&](const v1::LogLine& line) {
    if (!filter.Passes(line)) return true;
    if (filter.tail == 0) return each(line);
    last.push_back(line);
    if (last.size() > filter.tail) last.pop_front();
    return true;
  };
  absl::StatusOr<bool> goes_on = true;
  if (past.older.ok()) goes_on = EachLine(*past.older, past.older_size, take);
  if (goes_on.ok() && *goes_on) goes_on = EachLine(*past.newer, past.newer_size, take);
  if (!goes_on.ok()) {
    return absl::InternalError(
        Text("cannot read the log '", file_.string(), "': ", MessageOf(goes_on.status())));
  }
  for (const v1::LogLine& line : last) {
    if (!each(line)) break;
  }
  return absl::OkStatus();
}

absl::Status KeptLog::Read(const LogFilter& filter, Each each) {
  std::unique_lock lock(mutex_);
  const absl::StatusOr<Past> past = OpenPast();
  lock.unlock();
  return past.ok() ? ReadPast(*past, filter, each) : past.status();
}

absl::StatusOr<std::unique_ptr<LogSubscription>> KeptLog::Subscribe(const LogFilter& filter,
                                                                    Each past,
                                                                    LogSubscription::Ready ready) {
  const auto inbox = std::make_shared<internal::Inbox>(filter, std::move(ready));
  std::unique_lock lock(mutex_);
  const absl::StatusOr<Past> before = OpenPast();
  if (!before.ok()) return before.status();
  inboxes_.push_back(inbox);
  lock.unlock();
  auto subscription = std::make_unique<LogSubscription>(inbox, shared_from_this());
  if (absl::Status status = ReadPast(*before, filter, past); !status.ok()) return status;
  return subscription;
}

}  // namespace chains::deploy
