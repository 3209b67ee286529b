// AuditLog: who changed what, one line of JSON each, in a file that is only ever appended to.
//
//   absl::StatusOr<std::unique_ptr<AuditLog>> log = AuditLog::Open(home / "audit.jsonl");
//   v1::AuditEntry entry;                       // time, who, method, request, code
//   absl::Status kept = (*log)->Append(entry);  // on the disk when it returns
//
//   {"time":"2026-11-26T16:39:42.101Z","who":"ci","method":"CreateKey","request":{"name":"phone"},
//    "code":"OK","after":"9f86d081884c7d65"}
//
// `after` is the beginning of the SHA-256 of the line before it, so a line that was changed or
// taken out shows. The file is for this user alone; it holds no key and no secret.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/platform.pb.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {

// Thread-safe. Blocks, for milliseconds: on a loop call it through chains::Blocking.
class AuditLog {
 public:
  // Made where it is missing. A last line that a crash cut off is ended first.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path);

  // Fails where the line could not be kept, and then says so in Trouble() until one is again.
  absl::Status Append(const v1::AuditEntry& entry);
  // OK, or why the line before was not kept: UNAVAILABLE. Tries again whether lines can be kept.
  absl::Status Trouble();

  // The last `limit` entries, in order. Lines that are none are left out.
  absl::StatusOr<std::vector<v1::AuditEntry>> Last(size_t limit) const;
  // DATA_LOSS names the first line that does not follow from the one before it.
  absl::Status Check() const;

 private:
  explicit AuditLog(FileDescriptor file) : file_(std::move(file)) {}
  // Another platform, which led before, may have written since.
  absl::Status CatchUp();
  absl::Status Write(std::string line);

  const FileDescriptor file_;
  std::mutex mutex_;
  std::string last_;   // the line that was written last; guarded by mutex_, as what follows
  uint64_t size_ = 0;  // of the file, with that line
  absl::Status trouble_;
};

}  // namespace chains::deploy
