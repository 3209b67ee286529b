// FileWatch: waits until a file of several is written, by inotify where there is one.
//
//   FileWatch watch;
//   watch.Add("/run/hello-1/replica-1/output");
//   watch.Wait(absl::Seconds(1));        // at once when it is written, or Wake() is called
//
// Only a hint that makes things quick: who waits looks at all files, and looks again after a while
// although nothing was said. Where a file cannot be watched (too many, a file system without it) it
// says so, and waits for poll_interval() at most.
//
// Add, Remove and Wake from any thread; Wait on one.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "deploy/logs/descriptor.h"

namespace chains::deploy {

class FileWatch {
 public:
  enum class Way { kInotify, kPoll };
  explicit FileWatch(Way way = Way::kInotify);

  void Add(const std::filesystem::path& file);
  void Remove(const std::filesystem::path& file);

  // Until a file is written, Wake() is called, or poll_interval().
  void Wait();
  void Wake();

  // 1 s, or 0.25 s where a file is not watched.
  absl::Duration poll_interval() const;

 private:
  const Descriptor inotify_;
  const Descriptor wake_;
  mutable std::mutex mutex_;
  std::map<std::string, int> watched_;  // guarded by mutex_, like all below
  std::set<std::string> unwatched_;
};

}  // namespace chains::deploy
