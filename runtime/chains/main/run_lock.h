// RunLock: says that the process of a run folder lives, and where it takes calls.
//
//   absl::StatusOr<std::unique_ptr<RunLock>> lock = RunLock::Take("/run/chains/say-0");
//   absl::Status written = (*lock)->Write({"unix:/run/chains/say-0/s"});
//
// The folder's file `lock` is locked (flock(2), exclusive) as long as this lives, and by the kernel
// no longer than the process. Its first line is the process id, those that follow the addresses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::internal {

// For one thread.
class RunLock {
 public:
  // `folder` is there already. FAILED_PRECONDITION: another process has it.
  static absl::StatusOr<std::unique_ptr<RunLock>> Take(const std::string& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;

  // Adds the addresses, once.
  absl::Status Write(const std::vector<std::string>& addresses);

 private:
  RunLock(std::string path, int file) : path_(std::move(path)), file_(file) {}
  absl::Status WriteText(const std::string& text);

  const std::string path_;
  const int file_;
};

}  // namespace chains::internal
