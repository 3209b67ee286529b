#include "tools/run_program.h"

#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

extern char** environ;

namespace transcribe {
namespace {

std::string ReadToEnd(int fd) {
  std::string output;
  char block[4096];
  ssize_t count = 0;
  while ((count = read(fd, block, sizeof(block))) > 0) {
    output.append(block, static_cast<size_t>(count));
  }
  return output;
}

}  // namespace

absl::StatusOr<std::string> RunProgram(std::vector<std::string> arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);

  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int error = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string output = ReadToEnd(ends[0]);
  close(ends[0]);
  if (error != 0) return absl::ErrnoToStatus(error, arguments[0]);

  int status = 0;
  if (waitpid(child, &status, 0) < 0) return absl::ErrnoToStatus(errno, "waitpid");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::InternalError(absl::StrCat(arguments[0], " failed"));
  }
  return output;
}

}  // namespace transcribe
