// LogKeeper: takes what replicas write to their output into the logs of their deployments.
//
//   absl::StatusOr<std::unique_ptr<LogKeeper>> keeper = LogKeeper::Create({.folder = home /
//   "logs"});
//   (*keeper)->Start();
//   (*keeper)->Follow(run_folder / "output",
//                     {.chain = "hello", .deployment = "hello-1",
//                      .chainlet = "hello.SayHello", .replica = "SayHello-1"});
//   …
//   (*keeper)->Unfollow(run_folder / "output");     // when the process has ended
//
// A process writes its output with O_APPEND to a file of its own (output_file.h), so it needs no
// platform to be running. Lines become JSON lines in FOLDER/DEPLOYMENT.jsonl (log_line.h,
// kept_log.h). No line is lost or doubled where the platform is stopped and started again; after a
// kill -9 the last ones may be doubled.
//
// Thread-safe. Everything but Take() of a subscription blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/logs/file_watch.h"
#include "deploy/logs/kept_log.h"
#include "deploy/logs/output_file.h"
#include "deploy/logs/split_lines.h"
#include "deploy/logs/subscription.h"

namespace chains::deploy {

class LogKeeper {
 public:
  struct Options {
    std::filesystem::path folder;               // made where it is missing; its parent is there
    uint64_t kept_bytes = 16 << 20;             // of a deployment
    std::function<absl::Time()> now = nullptr;  // of lines that say no time; null: the clock
    OutputFile::Room room = OutputFile::Room::kPunch;
    FileWatch::Way watch = FileWatch::Way::kInotify;
  };
  // Who writes.
  struct Source {
    std::string chain;
    std::string deployment;
    std::string chainlet;  // several in one process: joined with '+'
    std::string replica;
  };

  static absl::StatusOr<std::unique_ptr<LogKeeper>> Create(Options options);
  // Ends the thread, and takes what there is.
  ~LogKeeper();

  // Takes lines as they are written, on a thread of its own. Without it, Pump() does.
  void Start();
  // Takes all whole lines that there are. The first failure of any file; the others are taken all
  // the same, and what failed is tried again next time.
  absl::Status Pump();
  // Why lines are not taken at present, a full disk say; they wait in their outputs.
  absl::Status problem() const;

  // From where it was left. The file is made where it is missing.
  absl::Status Follow(const std::filesystem::path& output, const Source& source);
  // Takes the rest, a last line without a newline as well. Not followed: nothing happens.
  absl::Status Unfollow(const std::filesystem::path& output);

  // Kept lines that pass, oldest first, until `each` answers false. A deployment that has no log
  // has no lines. INVALID_ARGUMENT: the name of the deployment is no name.
  absl::Status Read(const std::string& deployment, const LogFilter& filter, KeptLog::Each each);
  // Read(), and what comes after goes to the subscription.
  absl::StatusOr<std::unique_ptr<LogSubscription>> Subscribe(const std::string& deployment,
                                                             const LogFilter& filter,
                                                             KeptLog::Each past,
                                                             LogSubscription::Ready ready);
  // Removes a log, when nothing of the deployment is followed any more.
  absl::Status Remove(const std::string& deployment);

 private:
  struct Followed;

  explicit LogKeeper(Options options);
  std::filesystem::path FileOf(const std::string& deployment) const;
  absl::StatusOr<std::shared_ptr<KeptLog>> LogOf(const std::string& deployment);
  static v1::LogLine LineOf(const Followed& followed, std::string_view text, absl::Time now);
  absl::Status Take(Followed& followed);
  absl::Status TakeUnfinished(Followed& followed);
  void Run();

  const Options options_;
  FileWatch watch_;
  std::mutex pumping_;  // taken before mutex_
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Followed>> followed_;  // guarded by mutex_, like all below
  std::map<std::string, std::weak_ptr<KeptLog>> logs_;
  absl::Status problem_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace chains::deploy
