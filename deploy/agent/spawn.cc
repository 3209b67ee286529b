#include "deploy/agent/spawn.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

struct Pipe {
  FileDescriptor read, write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return FileError("make", "a pipe", errno);
  return Pipe{.read = FileDescriptor(ends[0], "a pipe"),
              .write = FileDescriptor(ends[1], "a pipe")};
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& each : strings) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

// All that the child needs, made before it is there: it has one thread of many, so it may call only
// what is safe in a signal handler.
struct Prepared {
  const char* program;
  const char* folder;
  char* const* arguments;
  char* const* environment;
  int output;
  int trouble;  // where errno goes when it does not become the program
  pid_t parent;
};

[[noreturn]] void Become(const Prepared& to) {
  const auto give_up = [&to] {
    const int error = errno;
    const ssize_t told = write(to.trouble, &error, sizeof(error));
    _exit(told == sizeof(error) ? 127 : 126);
  };
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != to.parent) _exit(126);  // it ended before the kernel knew
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &standard, nullptr);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(to.output, STDOUT_FILENO) < 0 ||
      dup2(to.output, STDERR_FILENO) < 0 || chdir(to.folder) != 0) {
    give_up();
  }
  // Where the kernel refuses this, they were all opened to be closed.
  close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(to.program, to.arguments, to.environment);
  give_up();
  _exit(126);
}

// 0: it has become the program.
int TroubleOf(const FileDescriptor& trouble) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = read(trouble.get(), &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  return got == sizeof(error) ? error : 0;
}

}  // namespace

absl::StatusOr<Spawned> Spawn(const Launch& launch) {
  std::vector<std::string> arguments = launch.arguments;
  arguments.insert(arguments.begin(), launch.program);
  std::vector<std::string> environment;
  for (const auto& [name, value] : launch.environment) {
    environment.push_back(Text(name, "=", value));
  }
  absl::StatusOr<Pipe> output = MakePipe();
  if (!output.ok()) return output.status();
  absl::StatusOr<Pipe> trouble = MakePipe();
  if (!trouble.ok()) return trouble.status();
  if (fcntl(output->read.get(), F_SETFL, O_NONBLOCK) != 0) {
    return FileError("read", "a pipe", errno);
  }
  const std::vector<char*> argv = Pointers(arguments), env = Pointers(environment);
  const Prepared prepared{.program = launch.program.c_str(),
                          .folder = launch.folder.c_str(),
                          .arguments = argv.data(),
                          .environment = env.data(),
                          .output = output->write.get(),
                          .trouble = trouble->write.get(),
                          .parent = getpid()};
  const pid_t pid = fork();
  if (pid == 0) Become(prepared);
  if (pid < 0) {
    return absl::ResourceExhaustedError(
        Text("cannot start ", launch.program, ": ", std::strerror(errno)));
  }
  output->write.Close();
  trouble->write.Close();
  absl::StatusOr<Process> process = Process::Adopt(pid);
  const int error = TroubleOf(trouble->read);
  if (error == 0 && process.ok()) {
    return Spawned{.process = *std::move(process), .output = std::move(output->read)};
  }
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!process.ok()) return process.status();
  return absl::FailedPreconditionError(
      Text("cannot start ", launch.program, ": ", std::strerror(error)));
}

}  // namespace chains::deploy
