// Progress: what long work shows of itself on `err`, beside the answer on `out`.
//
//   Progress progress(terminal);
//   progress.Show("uploading  3.0 of 12.1 MiB");   // overwrites itself on a terminal
//   progress.Line("uploaded 12.1 MiB");            // stays
//
// Where `err` is no terminal only lines are written, so that a log stays readable.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "deploy/cli/terminal/terminal.h"

namespace chains::deploy::cli {

// Thread-safe. `terminal` outlives it.
class Progress {
 public:
  explicit Progress(const Terminal& terminal) : terminal_(terminal) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;

  // What is so far; only the last of it is seen.
  void Show(std::string_view text);
  void Line(std::string_view text);
  void Clear();

 private:
  void ClearLocked();

  const Terminal& terminal_;
  std::mutex mutex_;
  bool shown_ = false;  // guarded by mutex_
};

// Turns before a text that may change, as long as it lives. Nothing where nothing is redrawn.
class Spinner {
 public:
  Spinner(Progress& progress, const Terminal& terminal, std::string text);
  ~Spinner() = default;  // stops, leaves no trace
  Spinner(const Spinner&) = delete;

  void SetText(std::string text);

 private:
  void Turn(const std::stop_token& stop);

  Progress& progress_;
  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::string text_;  // guarded by mutex_
  std::jthread thread_;
};

// "██████░░░░", of `width` columns.
std::string Bar(double share, size_t width);

}  // namespace chains::deploy::cli
