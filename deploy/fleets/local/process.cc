#include "deploy/fleets/local/process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that these are functions of C
}

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr int kWaitForPidfd = 3;  // P_PIDFD of the kernel, which this glibc has no name for

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& each : strings) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What posix_spawn is told, and its lifetime.
class Attributes {
 public:
  explicit Attributes(const Launch& launch) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, launch.output.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions_, launch.folder.c_str());
    // Whatever a thread is just opening, or a library does not close by itself.
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Attributes(const Attributes&) = delete;
  ~Attributes() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

absl::StatusOr<Process> Process::Start(const Launch& launch) {
  std::vector<std::string> arguments = launch.arguments;
  arguments.insert(arguments.begin(), launch.program);
  std::vector<std::string> environment;
  for (const auto& [name, value] : launch.environment)
    environment.push_back(Text(name, "=", value));
  const Attributes attributes(launch);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, launch.program.c_str(), attributes.actions(), attributes.attributes(),
                  Pointers(arguments).data(), Pointers(environment).data());
  if (error != 0) {
    return absl::InternalError(Text("cannot start ", launch.program, ": ", strerror(error)));
  }
  const int handle = pidfd_open(pid, 0);
  if (handle >= 0) return Process(pid, handle);
  const std::string why = strerror(errno);
  ::kill(-pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return absl::InternalError(Text("cannot watch ", launch.program, ": ", why));
}

absl::StatusOr<Process> Process::Adopt(int pid) {
  const int handle = pidfd_open(pid, 0);
  if (handle < 0) return absl::NotFoundError(Text("no process ", pid, ": ", strerror(errno)));
  return Process(pid, handle);
}

Process::~Process() {
  if (handle_ >= 0) ::close(handle_);
}

void Process::Signal(int signal) const { pidfd_send_signal(handle_, signal, nullptr, 0); }

void Process::LimitData(int64_t bytes, int64_t last_bytes) const {
  if (bytes <= 0) return;
  const rlimit limit{.rlim_cur = static_cast<rlim_t>(bytes),
                     .rlim_max = static_cast<rlim_t>(bytes + last_bytes)};
  prlimit(pid_, RLIMIT_DATA, &limit, nullptr);
}

std::string Process::HowItEnded() const {
  const auto wait = [this](siginfo_t& info, int options) {
    int failed = 0;
    do {
      failed = ::waitid(static_cast<idtype_t>(kWaitForPidfd), static_cast<id_t>(handle_), &info,
                        WEXITED | options);
    } while (failed != 0 && errno == EINTR);
    return failed == 0;
  };
  siginfo_t info{};
  // Until it has been waited for, its number is nobody else's. What it started is in its session.
  if (wait(info, WNOWAIT)) ::kill(-pid_, SIGKILL);
  if (!wait(info, 0)) {
    if (errno != ECHILD) return Text("ended; how is not known: ", strerror(errno));
    return "ended; an earlier platform had started it, so nobody knows how";
  }
  if (info.si_code == CLD_EXITED) return Text("exited with ", info.si_status);
  return Text("killed by signal ", info.si_status, " (", strsignal(info.si_status), ")");
}

}  // namespace chains::deploy
