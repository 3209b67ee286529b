#include "deploy/state/file_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

// Empty where it does not say, or not yet.
std::string HolderIn(int descriptor) {
  std::array<char, 20> text{};
  const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
  if (size <= 0) return "";
  const std::string_view pid(text.data(), static_cast<size_t>(size));
  return std::string(pid.substr(0, pid.find_first_not_of("0123456789")));
}

// Only a help to who is refused: it does not matter when it fails.
void SayHolder(int descriptor) {
  const std::string pid = Text(getpid(), "\n");
  if (ftruncate(descriptor, 0) == 0) (void)!pwrite(descriptor, pid.data(), pid.size(), 0);
}

absl::Status CannotOpen(const std::filesystem::path& file, int number) {
  const std::string folder = file.parent_path().string();
  if (number == ENOENT || number == ENOTDIR) {
    return absl::NotFoundError(
        Text("there is no folder '", folder, "' (", strerror(number), "): make it first"));
  }
  if (number == ENOSPC || number == EDQUOT) {
    return absl::ResourceExhaustedError(
        Text("no room left on the disk of '", file.string(), "': make room and try again"));
  }
  return absl::PermissionDeniedError(Text("cannot write '", file.string(), "' (", strerror(number),
                                          "): let this user write in '", folder,
                                          "', or name another folder"));
}

// A process that was killed while it started another one leaves its lock to that, until it has
// become the other program.
constexpr absl::Duration kPatience = absl::Seconds(1);

bool LockWithin(int descriptor, absl::Duration patience) {
  constexpr absl::Duration kBetweenTries = absl::Milliseconds(10);
  const absl::Time deadline = absl::Now() + patience;
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || absl::Now() >= deadline) return false;
    absl::SleepFor(kBetweenTries);
  }
  return true;
}

}  // namespace

absl::StatusOr<FileLock> FileLock::Take(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return CannotOpen(file, errno);
  FileLock lock(descriptor);
  if (LockWithin(descriptor, kPatience)) {
    SayHolder(descriptor);
    return lock;
  }
  if (errno != EWOULDBLOCK) {
    return absl::InternalError(Text("cannot lock '", file.string(), "': ", strerror(errno)));
  }
  const std::string pid = HolderIn(descriptor);
  return absl::FailedPreconditionError(
      Text("another platform runs with the folder '", file.parent_path().string(), "'",
           pid.empty() ? "" : Text(" (pid ", pid, ")"),
           ": stop it first, or give this one a folder of its own"));
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace chains::deploy
