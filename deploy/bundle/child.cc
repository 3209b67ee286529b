#include "deploy/bundle/child.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(2);  // between SIGTERM and SIGKILL

// One stream of the child's output.
struct Stream {
  FileDescriptor end;
  std::string text;
  size_t shown = 0;  // how much of `text` has been given to on_line
};

absl::StatusOr<std::pair<FileDescriptor, FileDescriptor>> Pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return FileError("make", "a pipe", errno);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return std::pair(FileDescriptor(ends[0], "a pipe"), FileDescriptor(ends[1], "a pipe"));
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool given = std::any_of(more.begin(), more.end(),
                                   [&](const std::string& m) { return m.starts_with(name); });
    if (!given) all.emplace_back(text);
  }
  return all;
}

absl::StatusOr<pid_t> Spawn(const ChildOptions& options, int out, int err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  if (!options.folder.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  const std::vector<std::string> environment = Environment(options.environment);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, options.arguments[0].c_str(), &actions, &attributes,
                                 Pointers(options.arguments).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return FileError("run", options.arguments[0], error);
  return pid;
}

// A process group, and what wakes who waits for its first process: the end, or the wish to stop it.
class Child {
 public:
  explicit Child(pid_t pid)
      : pid_(pid), event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "an event"), reaper_([this] {
          siginfo_t info;
          // It stays a zombie, so that its number is nobody else's while signals may be sent.
          while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 &&
                 errno == EINTR) {
          }
          ended_ = true;
          Wake();
        }) {}
  ~Child() {
    Signal(SIGKILL);
    reaper_.join();
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void Wake() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(event_.get(), &one, sizeof(one));
  }
  void Signal(int signal) const { kill(-pid_, signal); }
  bool ended() const { return ended_; }
  int event() const { return event_.get(); }
  void ClearEvent() const {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(event_.get(), &count, sizeof(count));
  }
  // Once it has ended.
  void HowItEnded(ChildResult& result) const {
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    result.exit_code = info.si_code == CLD_EXITED ? info.si_status : -1;
    result.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
  }

 private:
  const pid_t pid_;
  const FileDescriptor event_;
  std::atomic<bool> ended_ = false;
  std::thread reaper_;
};

// Takes what is there. False when there was nothing.
bool Drain(Stream& stream) {
  char buffer[65536];
  bool any = false;
  while (stream.end.is_open()) {
    const ssize_t count = read(stream.end.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      stream.end.Close();
      break;
    }
    stream.text.append(buffer, static_cast<size_t>(count));
    any = true;
    if (static_cast<size_t>(count) < sizeof(buffer)) break;
  }
  return any;
}

void ShowLines(Stream& stream, const ChildOptions& options, bool all) {
  if (options.on_line == nullptr) return;
  const std::string_view text = stream.text;
  size_t end;
  while ((end = text.find('\n', stream.shown)) != text.npos) {
    options.on_line(text.substr(stream.shown, end - stream.shown));
    stream.shown = end + 1;
  }
  if (all && stream.shown < text.size()) {
    options.on_line(text.substr(stream.shown));
    stream.shown = text.size();
  }
}

class Watch {
 public:
  Watch(const ChildOptions& options, Child& child, std::array<Stream, 2>& streams)
      : options_(options), child_(child), streams_(streams) {}

  // Until the child has ended and its output is read.
  absl::Status Follow() {
    const std::stop_callback on_stop(options_.stop, [this] { child_.Wake(); });
    while (!child_.ended()) {
      WaitUntil(deadline_);
      absl::Status status = Read();
      if (status.ok() && options_.stop.stop_requested()) {
        status = absl::CancelledError(Text(options_.arguments[0], " was stopped"));
      }
      if (status.ok() && absl::Now() >= deadline_) {
        status = absl::DeadlineExceededError(Text(options_.arguments[0], " did not end within ",
                                                  absl::FormatDuration(options_.timeout)));
      }
      if (!status.ok()) {
        End();
        return status;
      }
    }
    return Read();
  }

 private:
  void WaitUntil(absl::Time deadline) {
    pollfd polled[3] = {{child_.event(), POLLIN, 0},
                        {streams_[0].end.get(), POLLIN, 0},
                        {streams_[1].end.get(), POLLIN, 0}};
    const int64_t left = absl::ToInt64Milliseconds(
        std::clamp(deadline - absl::Now(), absl::ZeroDuration(), absl::Hours(1)));
    poll(polled, 3, static_cast<int>(left) + 1);
    child_.ClearEvent();
  }

  absl::Status Read() {
    for (Stream& stream : streams_) {
      while (Drain(stream)) {
        if (stream.text.size() > options_.max_output) {
          return absl::ResourceExhaustedError(
              Text(options_.arguments[0], " prints more than ", options_.max_output, " bytes"));
        }
      }
      ShowLines(stream, options_, child_.ended());
    }
    return absl::OkStatus();
  }

  void End() {
    child_.Signal(SIGTERM);
    const absl::Time kill_at = absl::Now() + kGrace;
    while (!child_.ended() && absl::Now() < kill_at) {
      WaitUntil(kill_at);
      for (Stream& stream : streams_) {
        while (Drain(stream)) stream.text.clear();
      }
    }
  }

  const ChildOptions& options_;
  Child& child_;
  std::array<Stream, 2>& streams_;
  const absl::Time deadline_ = absl::Now() + options_.timeout;
};

}  // namespace

std::string ChildResult::HowItEnded() const {
  if (signal != 0) return Text("was ended by signal ", signal, " (", strsignal(signal), ")");
  return Text("ended with exit code ", exit_code);
}

absl::StatusOr<ChildResult> RunChild(const ChildOptions& options) {
  auto out = Pipe();
  if (!out.ok()) return out.status();
  auto err = Pipe();
  if (!err.ok()) return err.status();
  absl::StatusOr<pid_t> pid = Spawn(options, out->second.get(), err->second.get());
  if (!pid.ok()) return pid.status();
  out->second.Close();
  err->second.Close();
  std::array<Stream, 2> streams;
  streams[0].end = std::move(out->first);
  streams[1].end = std::move(err->first);

  Child child(*pid);
  absl::Status status = Watch(options, child, streams).Follow();
  if (!status.ok()) return status;
  ChildResult result;
  child.HowItEnded(result);
  result.output = std::move(streams[0].text);
  result.errors = std::move(streams[1].text);
  return result;
}

bool IsProgramInPath(std::string_view name) {
  const char* path = std::getenv("PATH");
  const std::string folders = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  for (const absl::string_view folder : absl::StrSplit(folders, ':')) {
    if (access(Text(folder.empty() ? "." : folder, "/", name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::string LastLines(std::string_view text, int count, std::string_view indent) {
  std::vector<absl::string_view> lines = absl::StrSplit(ToAbsl(text), '\n', absl::SkipWhitespace());
  if (lines.size() > static_cast<size_t>(count)) lines.erase(lines.begin(), lines.end() - count);
  return absl::StrJoin(lines, "\n", [&](std::string* out, absl::string_view line) {
    absl::StrAppend(out, ToAbsl(indent), line);
  });
}

}  // namespace chains::deploy
