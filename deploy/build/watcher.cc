#include "deploy/build/watcher.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// Not IN_MODIFY: a file that is still being written is no complete edit.
constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

bool IsBuildFolder(const std::string& folder) {
  std::error_code error;
  return fs::exists(folder + "/CMakeCache.txt", error);
}

}  // namespace

bool FileWatcher::IsIgnored(std::string_view name) {
  return name.empty() || name.front() == '.' || name.front() == '#' || name.back() == '~' ||
         name == "build" || name == "__pycache__" || name.ends_with(".swp") ||
         name.ends_with(".tmp") || name == "4913";  // with which vim tries whether it may write
}

absl::StatusOr<std::unique_ptr<FileWatcher>> FileWatcher::Open(std::vector<std::string> folders,
                                                               Options options) {
  FileDescriptor inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify");
  if (!inotify.is_open()) return FileError("start", "inotify", errno);
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "an event");
  if (!wake.is_open()) return FileError("make", "an event", errno);
  std::unique_ptr<FileWatcher> watcher(
      new FileWatcher(std::move(folders), options, std::move(inotify), std::move(wake)));
  if (absl::Status status = watcher->AddEverything(); !status.ok()) return status;
  return watcher;
}

absl::Status FileWatcher::AddEverything() {
  for (const std::string& folder : folders_) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) return FileError("watch", folder, ENOENT);
    if (absl::Status status = AddTree(folder, false); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FileWatcher::AddFolder(const std::string& folder) {
  const int watch = inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
  if (watch >= 0) {
    watches_[watch] = folder;
    return absl::OkStatus();
  }
  if (errno == ENOENT || errno == ENOTDIR) return absl::OkStatus();  // gone again
  if (errno == ENOSPC) {
    return absl::ResourceExhaustedError(
        Text("cannot watch ", folder,
             ": this system's limit of watches is reached; raise it: "
             "sysctl fs.inotify.max_user_watches=1048576"));
  }
  return FileError("watch", folder, errno);
}

// The folder is watched before it is read, so that nothing falls between.
absl::Status FileWatcher::AddTree(const std::string& folder, bool report) {
  if (IsBuildFolder(folder)) return absl::OkStatus();
  if (absl::Status status = AddFolder(folder); !status.ok()) return status;
  std::error_code error;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
    if (IsIgnored(i->path().filename().string())) continue;
    std::error_code ignored;
    if (i->is_directory(ignored) && !i->is_symlink(ignored)) {
      if (absl::Status status = AddTree(i->path(), report); !status.ok()) return status;
    } else if (report) {
      Changed(i->path());
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return FileError("read the folder", folder, error.value());
  }
  return absl::OkStatus();
}

void FileWatcher::Changed(std::string path) {
  changed_.insert(std::move(path));
  if (changed_.size() > options_.max_paths) {
    everything_ = true;
    changed_.clear();
  }
}

// With those below it: what was moved away is no longer here under its name.
void FileWatcher::Forget(int watch) {
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return;
  const std::string folder = found->second;
  if (std::find(folders_.begin(), folders_.end(), folder) != folders_.end()) gone_ = folder;
  std::erase_if(watches_, [&](const auto& other) {
    if (other.second != folder && !other.second.starts_with(folder + "/")) return false;
    inotify_rm_watch(inotify_.get(), other.first);  // fails where the kernel has done so
    return true;
  });
}

absl::Status FileWatcher::HandleEvent(int watch, uint32_t mask, std::string_view name) {
  if (mask & IN_Q_OVERFLOW) {
    // Events were lost, of new folders too.
    everything_ = true;
    return AddEverything();
  }
  const auto folder = watches_.find(watch);
  if (folder == watches_.end()) return absl::OkStatus();
  if (mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) {
    // A folder that was moved within the tree has been added under its new name before.
    std::error_code error;
    const bool moved_within =
        (mask & IN_MOVE_SELF) != 0 && fs::exists(fs::symlink_status(folder->second, error));
    if (!moved_within) Forget(watch);
    return absl::OkStatus();
  }
  if (IsIgnored(name)) return absl::OkStatus();
  std::string path = Text(folder->second, "/", name);
  if (mask & IN_ISDIR) {
    if (mask & (IN_CREATE | IN_MOVED_TO)) return AddTree(path, true);
    Changed(std::move(path));
    return absl::OkStatus();
  }
  // A file that was created is complete when it is closed; a link is at once.
  if (mask & IN_CREATE) {
    struct stat info;
    const bool is_link = lstat(path.c_str(), &info) == 0 &&
                         (S_ISLNK(info.st_mode) || (S_ISREG(info.st_mode) && info.st_nlink > 1));
    if (!is_link) return absl::OkStatus();
  }
  Changed(std::move(path));
  return absl::OkStatus();
}

absl::Status FileWatcher::ReadEvents() {
  alignas(inotify_event) char buffer[65536];
  while (true) {
    const ssize_t size = read(inotify_.get(), buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return absl::OkStatus();
    if (size <= 0) return FileError("read", "inotify", errno);
    for (const char* at = buffer; at < buffer + size;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof(event));
      const char* name = at + sizeof(event);
      absl::Status status =
          HandleEvent(event.wd, event.mask, std::string_view(name, strnlen(name, event.len)));
      if (!status.ok()) return status;
      at += sizeof(event) + event.len;
    }
  }
}

bool FileWatcher::WaitForEvents(absl::Time deadline) const {
  pollfd polled[2] = {{inotify_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  const int64_t left = absl::ToInt64Milliseconds(
      std::clamp(deadline - absl::Now(), absl::ZeroDuration(), absl::Hours(1)));
  return poll(polled, 2, static_cast<int>(left) + (left > 0 ? 1 : 0)) > 0;
}

absl::StatusOr<FileChanges> FileWatcher::Next(absl::Time deadline, std::stop_token stop) {
  uint64_t woken = 0;  // by the token of an earlier call
  [[maybe_unused]] const ssize_t got = read(wake_.get(), &woken, sizeof(woken));
  const std::stop_callback on_stop(stop, [this] {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
  });
  absl::Time ends = absl::InfiniteFuture();  // of this answer, if events go on until then
  while (true) {
    if (absl::Status status = ReadEvents(); !status.ok()) return status;
    if (stop.stop_requested()) return absl::CancelledError("watching was stopped");
    if (!gone_.empty()) {
      return absl::NotFoundError(
          Text("the folder ", std::exchange(gone_, ""), " was removed or renamed; watch it again"));
    }
    const absl::Time now = absl::Now();
    if (any()) {
      ends = std::min(ends, now + options_.most);
      if (now >= ends || !WaitForEvents(std::min(now + options_.quiet, ends))) break;
    } else if (now >= deadline) {
      return absl::DeadlineExceededError("nothing changed until the deadline");
    } else {
      WaitForEvents(deadline);
    }
  }
  FileChanges changes;
  changes.everything = std::exchange(everything_, false);
  changes.paths.assign(changed_.begin(), changed_.end());
  changed_.clear();
  return changes;
}

}  // namespace chains::deploy
