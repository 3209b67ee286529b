#include "chains/main/run_lock.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chains/core/text.h"

namespace chains::internal {
namespace {

absl::Status Failed(const char* what, const std::string& path) {
  return absl::FailedPreconditionError(Text("cannot ", what, " ", path, ": ", strerror(errno)));
}

std::string PidLine() { return Text(getpid(), "\n"); }

}  // namespace

absl::StatusOr<std::unique_ptr<RunLock>> RunLock::Take(const std::string& folder) {
  const std::string path = folder + "/lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Failed("open", path);
  std::unique_ptr<RunLock> lock(new RunLock(path, file));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed("lock", path);
    return absl::FailedPreconditionError(
        Text("another process has the run folder ", folder, "; give each a folder of its own"));
  }
  // Whoever removed the folder meanwhile believes that nobody is there.
  struct stat found;
  if (::fstat(file, &found) != 0 || found.st_nlink == 0) {
    return absl::FailedPreconditionError(Text("the run folder ", folder, " was removed"));
  }
  if (::ftruncate(file, 0) != 0) return Failed("write", path);
  absl::Status written = lock->WriteText(PidLine());
  if (!written.ok()) return written;
  return lock;
}

RunLock::~RunLock() { ::close(file_); }

// From the beginning, so that who reads meanwhile sees the process id in any case.
absl::Status RunLock::WriteText(const std::string& text) {
  const ssize_t written = ::pwrite(file_, text.data(), text.size(), 0);
  return written == static_cast<ssize_t>(text.size()) ? absl::OkStatus() : Failed("write", path_);
}

absl::Status RunLock::Write(const std::vector<std::string>& addresses) {
  std::string text = PidLine();
  for (const std::string& address : addresses) text += address + "\n";
  return WriteText(text);
}

}  // namespace chains::internal
