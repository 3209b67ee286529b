// Store: what a platform on one machine keeps across its restarts, in one file of SQLite.
//
//   absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(folder / "platform.db");
//   absl::StatusOr<Store::Contents> all = (*store)->Load();      // once, at the start
//   Store::Change change;
//   change.put_deployments.push_back(record);
//   change.put_environments.push_back(production);
//   absl::Status kept = (*store)->Apply(change);                 // before it is acknowledged
//
// The platform works on what it has in memory and writes what changes; nothing is read but at the
// start. Records are the messages of state.proto, by their keys.
//
// Thread-safe. Blocks, for a few milliseconds of fsync: on a reactor call it through
// chains::Blocking. Failures name the file and what to do next; database.h lists their codes.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/state/database.h"
#include "deploy/state/file_lock.h"
#include "deploy/state/state.pb.h"

namespace chains::deploy {

class Store {
 public:
  struct Contents {
    std::vector<state::DeploymentRecord> deployments;    // by id
    std::vector<state::EnvironmentRecord> environments;  // by chain, then name
    std::vector<state::KeyRecord> keys;                  // by name
    std::vector<state::SecretRecord> secrets;            // by name
  };

  // What is put replaces the record with the same key; what is deleted may be missing. Deletions
  // come before what is put.
  struct Change {
    struct Environment {
      std::string chain;
      std::string name;
    };
    std::vector<state::DeploymentRecord> put_deployments;
    std::vector<std::string> delete_deployments;  // ids
    std::vector<state::EnvironmentRecord> put_environments;
    std::vector<Environment> delete_environments;
    std::vector<state::KeyRecord> put_keys;
    std::vector<std::string> delete_keys;  // names
    std::vector<state::SecretRecord> put_secrets;
    std::vector<std::string> delete_secrets;  // names

    bool empty() const;
  };

  // Makes the file where there is none; its folder exists. The file is this process's alone until
  // the store is destroyed or the process ends: FAILED_PRECONDITION names who has it, or says that
  // a newer Chains wrote it.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::filesystem::path& file);

  // DATA_LOSS names the record that cannot be read.
  absl::StatusOr<Contents> Load();

  // All or nothing; on disk when it returns OK. After a failure nothing has changed, and the store
  // can be used further. INVALID_ARGUMENT: a record has text that is not UTF-8. (Who dies right
  // after a failure of the disk may find the change made.)
  absl::Status Apply(const Change& change);

 private:
  Store(FileLock lock, std::unique_ptr<Database> database);

  const FileLock lock_;
  std::mutex mutex_;
  const std::unique_ptr<Database> database_;  // used under the mutex
};

}  // namespace chains::deploy
