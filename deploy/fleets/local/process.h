// Process: a child of ours, or one that an earlier platform left, that can be waited for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy {

struct Launch {
  std::string program;                                  // a path
  std::vector<std::string> arguments = {};              // without the program itself
  std::map<std::string, std::string> environment = {};  // all of it
  std::string folder;                                   // to run in
  std::string output;                                   // file to which it appends what it prints
};

// Not thread-safe. Destroying it leaves the process as it is.
class Process {
 public:
  // In a session of its own, so that a Ctrl-C on the platform's terminal is not its. It inherits no
  // descriptors.
  static absl::StatusOr<Process> Start(const Launch& launch);
  // NOT_FOUND: there is none of this number.
  static absl::StatusOr<Process> Adopt(int pid);

  Process(Process&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), handle_(std::exchange(other.handle_, -1)) {}
  Process& operator=(Process&&) = delete;
  ~Process();

  int pid() const { return pid_; }
  // Readable once the process has ended: for poll().
  int handle() const { return handle_; }
  void Signal(int signal) const;
  // How much memory it may reserve (RLIMIT_DATA), used or not; 0: any. It may give itself
  // `last_bytes` more, to tell of its end.
  void LimitData(int64_t bytes, int64_t last_bytes) const;
  // After it ended, once: "exited with 1", "killed by signal 11 (Segmentation fault)". Of a child
  // of ours, ends what it started and left behind as well.
  std::string HowItEnded() const;

 private:
  Process(int pid, int handle) : pid_(pid), handle_(handle) {}

  int pid_;
  int handle_;  // a pidfd: it never means another process that got the same number
};

}  // namespace chains::deploy
