// KeptLog: the log of one deployment on disk, within a bound, and those who follow it.
//
//   absl::StatusOr<std::shared_ptr<KeptLog>> log = KeptLog::Open(folder / "hello-1.jsonl", 16 <<
//   20);
//   (*log)->Append(lines);
//   (*log)->Read({.chainlet = "SayHello", .tail = 100}, [](const v1::LogLine& line) {
//     …
//     return true;
//   });
//
// Lines go to NAME; when that has half of the bound it becomes NAME.1, in place of the one before.
// One process at a time writes them.
//
// Thread-safe. Appending and reading block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/platform.pb.h"
#include "deploy/logs/descriptor.h"
#include "deploy/logs/subscription.h"

namespace chains::deploy {

class KeptLog : public std::enable_shared_from_this<KeptLog> {
 public:
  // Makes the file where there is none. INTERNAL and RESOURCE_EXHAUSTED name it.
  static absl::StatusOr<std::shared_ptr<KeptLog>> Open(const std::filesystem::path& file,
                                                       uint64_t most_bytes);

  // All lines are kept, and given to who follows, when it returns OK. RESOURCE_EXHAUSTED: the disk
  // is full; some may have been kept.
  absl::Status Append(const std::vector<v1::LogLine>& lines);

  // Lines that pass, oldest first; ends when `each` answers false.
  using Each = absl::FunctionRef<bool(const v1::LogLine& line)>;
  absl::Status Read(const LogFilter& filter, Each each);
  // Read(), and whatever is appended after that goes to the subscription: no line is in both or
  // in neither.
  absl::StatusOr<std::unique_ptr<LogSubscription>> Subscribe(const LogFilter& filter, Each past,
                                                             LogSubscription::Ready ready);

 private:
  // What there was to read at some moment: the files, and how much of them counts.
  struct Past {
    Descriptor older;
    uint64_t older_size = 0;
    Descriptor newer;
    uint64_t newer_size = 0;
  };

  KeptLog(std::filesystem::path file, uint64_t most_bytes);
  absl::Status OpenFile();
  absl::Status Rotate();
  absl::Status Write(const std::string& text);
  absl::StatusOr<Past> OpenPast();
  absl::Status ReadPast(const Past& past, const LogFilter& filter, Each each) const;
  absl::Status Failed(const char* doing) const;

  const std::filesystem::path file_;
  const std::filesystem::path older_;
  const uint64_t half_;
  std::mutex mutex_;
  Descriptor newer_;   // guarded by mutex_, like all below
  uint64_t size_ = 0;  // of the newer file
  std::vector<std::weak_ptr<internal::Inbox>> inboxes_;
};

}  // namespace chains::deploy
