#include "deploy/cli/wait.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "absl/time/clock.h"

namespace chains::deploy::cli {
namespace {

constexpr std::chrono::milliseconds kPollEvery(50);

std::atomic<bool> interrupted{false};
std::atomic<int> descriptor{-1};

// Only what a signal handler may do.
void OnSignal(int signal) {
  if (interrupted.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  const uint64_t one = 1;
  static_cast<void>(!write(descriptor.load(), &one, sizeof(one)));
}

}  // namespace

void NoteInterrupts() {
  if (descriptor.load() >= 0) return;
  descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted; }

int InterruptDescriptor() { return descriptor; }

bool PauseUnlessInterrupted(const Session& session, absl::Duration duration) {
  const absl::Time until = absl::Now() + duration;
  while (!session.world().interrupted()) {
    const absl::Duration left = until - absl::Now();
    if (left <= absl::ZeroDuration()) return true;
    pollfd watched{.fd = InterruptDescriptor(), .events = POLLIN, .revents = 0};
    poll(&watched, 1, static_cast<int>(std::min<int64_t>(absl::ToInt64Milliseconds(left) + 1, 50)));
  }
  return false;
}

StopOnInterrupt::StopOnInterrupt(const Session& session)
    : thread_([this, &session](const std::stop_token& ended) {
        std::unique_lock lock(mutex_);
        while (!ended.stop_requested() && !session.world().interrupted()) {
          ending_.wait_for(lock, ended, kPollEvery, [] { return false; });
        }
        if (session.world().interrupted()) source_.request_stop();
      }) {}

}  // namespace chains::deploy::cli
