#include "deploy/logs/file_watch.h"

#include <array>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

namespace chains::deploy {
namespace {

constexpr int kTogetherMs = 20;

void ReadAll(int descriptor) {
  std::array<char, 4096> ignored{};
  while (read(descriptor, ignored.data(), ignored.size()) > 0) {
  }
}

}  // namespace

FileWatch::FileWatch(Way way)
    : inotify_(way == Way::kInotify ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void FileWatch::Add(const std::filesystem::path& file) {
  const std::string name = file.string();
  const std::lock_guard lock(mutex_);
  const int watch = inotify_.ok() ? inotify_add_watch(*inotify_, name.c_str(), IN_MODIFY) : -1;
  if (watch >= 0) {
    watched_[name] = watch;
  } else {
    unwatched_.insert(name);
  }
}

void FileWatch::Remove(const std::filesystem::path& file) {
  const std::string name = file.string();
  const std::lock_guard lock(mutex_);
  unwatched_.erase(name);
  const auto found = watched_.find(name);
  if (found == watched_.end()) return;
  inotify_rm_watch(*inotify_, found->second);
  watched_.erase(found);
}

void FileWatch::Wait() {
  std::array<pollfd, 2> waited = {pollfd{.fd = *wake_, .events = POLLIN, .revents = 0},
                                  pollfd{.fd = *inotify_, .events = POLLIN, .revents = 0}};
  // A negative descriptor is passed over.
  poll(waited.data(), waited.size(), static_cast<int>(absl::ToInt64Milliseconds(poll_interval())));
  // Who writes a lot is not read for every line of it.
  if ((waited[1].revents & POLLIN) != 0) poll(waited.data(), 1, kTogetherMs);
  ReadAll(*wake_);
  if (inotify_.ok()) ReadAll(*inotify_);
}

void FileWatch::Wake() {
  const uint64_t one = 1;
  // It fails only when it is awake as can be.
  (void)!write(*wake_, &one, sizeof(one));
}

absl::Duration FileWatch::poll_interval() const {
  const std::lock_guard lock(mutex_);
  return unwatched_.empty() ? absl::Seconds(1) : absl::Milliseconds(250);
}

}  // namespace chains::deploy
