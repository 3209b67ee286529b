// FileWatcher: what changed in folders of sources, once an edit is complete.
//
//   absl::StatusOr<std::unique_ptr<FileWatcher>> watcher = FileWatcher::Open({"chainlets/hello"});
//   absl::StatusOr<FileChanges> changes = (*watcher)->Next(absl::InfiniteFuture(), stop);
//
// Editors save by writing, or by renaming another file over the old one, often several times in a
// row; these become one answer. It sees the folders that it was given and those below, also ones
// that are made later; not what a program links from elsewhere.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {

struct FileChanges {
  std::vector<std::string> paths;  // ascending, each once
  bool everything = false;         // more changed than could be followed: take all for changed
};

// For one thread.
class FileWatcher {
 public:
  struct Options {
    absl::Duration quiet = absl::Milliseconds(40);  // without events: the edit is complete
    absl::Duration most = absl::Milliseconds(500);  // after the first event, also if it is not
    size_t max_paths = 1000;                        // more in one answer: everything
  };

  // NOT_FOUND: there is no such folder. RESOURCE_EXHAUSTED: the system's limit of watches.
  static absl::StatusOr<std::unique_ptr<FileWatcher>> Open(std::vector<std::string> folders,
                                                           Options options);
  static absl::StatusOr<std::unique_ptr<FileWatcher>> Open(std::vector<std::string> folders) {
    return Open(std::move(folders), Options());
  }
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // Waits for the next change. What happens between two calls is in the second's answer.
  // DEADLINE_EXCEEDED, CANCELLED: nothing changed until then. NOT_FOUND: a watched folder is gone.
  absl::StatusOr<FileChanges> Next(absl::Time deadline, std::stop_token stop = {});

  // Whether a file or folder of this name is no source: hidden, a build folder, an editor's own.
  static bool IsIgnored(std::string_view name);

 private:
  FileWatcher(std::vector<std::string> folders, Options options, FileDescriptor inotify,
              FileDescriptor wake)
      : folders_(std::move(folders)),
        options_(options),
        inotify_(std::move(inotify)),
        wake_(std::move(wake)) {}

  // Watches `folder` and what is below; files found there count as changed with `report`.
  absl::Status AddTree(const std::string& folder, bool report);
  absl::Status AddFolder(const std::string& folder);
  absl::Status AddEverything();
  // Takes the events that are there.
  absl::Status ReadEvents();
  absl::Status HandleEvent(int watch, uint32_t mask, std::string_view name);
  void Forget(int watch);
  void Changed(std::string path);
  bool any() const { return !changed_.empty() || everything_; }
  // False: `deadline` came first.
  bool WaitForEvents(absl::Time deadline) const;

  const std::vector<std::string> folders_;
  const Options options_;
  const FileDescriptor inotify_;
  const FileDescriptor wake_;
  std::map<int, std::string> watches_;  // of inotify → folder
  std::set<std::string> changed_;
  bool everything_ = false;
  std::string gone_;  // a folder of folders_ that was removed or renamed
};

}  // namespace chains::deploy
