// SqliteStore: the store of a platform on one machine, in one file.
//
//   absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(folder / "platform.db");
//
// Failures name the file and what to do next; database.h lists their codes.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/state/database.h"
#include "deploy/state/file_lock.h"
#include "deploy/state/store.h"

namespace chains::deploy {

class SqliteStore final : public Store {
 public:
  // Makes the file where there is none; its folder exists. The file is this process's alone until
  // the store is destroyed or the process ends: FAILED_PRECONDITION names who has it, or says that
  // a newer Chains wrote it.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::filesystem::path& file);

  absl::StatusOr<Contents> Load() override;
  absl::Status Apply(const Change& change) override;

 private:
  SqliteStore(FileLock lock, std::unique_ptr<Database> database);

  const FileLock lock_;
  std::mutex mutex_;
  const std::unique_ptr<Database> database_;  // used under the mutex
};

}  // namespace chains::deploy
