// RunChild: another program, run to its end, with its output and a way to stop it.
//
//   absl::StatusOr<ChildResult> built = RunChild({.arguments = {"cmake", "--build", "build"},
//                                                 .on_line = [](std::string_view line) { … }});
//   if (built.ok() && built->exit_code != 0) …
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chains::deploy {

struct ChildOptions {
  std::vector<std::string> arguments;         // the program first, looked for in PATH
  std::string folder = "";                    // where it runs; empty: here
  std::vector<std::string> environment = {};  // "NAME=VALUE" beside what this process has
  absl::Duration timeout = absl::InfiniteDuration();
  std::stop_token stop = {};
  // Called with each line of its output, standard error included, without the line's end; on the
  // thread that waits.
  std::function<void(std::string_view)> on_line = nullptr;
  size_t max_output = size_t{64} << 20;  // of each stream; more is an error
};

struct ChildResult {
  int exit_code = 0;  // -1 where a signal ended it
  int signal = 0;
  std::string output;  // standard output
  std::string errors;  // standard error

  bool ok() const { return exit_code == 0; }
  // "ended with exit code 3", "was ended by signal 11 (Segmentation fault)".
  std::string HowItEnded() const;
};

// Blocks until the program has ended; what it has started and left behind in its process group is
// killed. NOT_FOUND: there is no such program. CANCELLED: `stop`; DEADLINE_EXCEEDED: `timeout`;
// in both cases the whole process group is gone (SIGTERM, after two seconds SIGKILL).
absl::StatusOr<ChildResult> RunChild(const ChildOptions& options);

// Whether a program of this name is in PATH.
bool IsProgramInPath(std::string_view name);

// The last `count` lines of `text` that are not empty, each after `indent`.
std::string LastLines(std::string_view text, int count, std::string_view indent = "  ");

}  // namespace chains::deploy
