// Store: what a platform keeps across its restarts: in one file of SQLite (sqlite_store.h), or in
// objects of a Kubernetes cluster.
//
//   absl::StatusOr<Store::Contents> all = store.Load();          // once, at the start
//   Store::Change change;
//   change.put_deployments.push_back(record);
//   change.put_environments.push_back(production);
//   absl::Status kept = store.Apply(change);                     // before it is acknowledged
//
// The platform works on what it has in memory and writes what changes; nothing is read but at the
// start. Records are the messages of state.proto, by their keys.
//
// Thread-safe. Blocks, for milliseconds: on a reactor call it through chains::Blocking.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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

  virtual ~Store() = default;

  // DATA_LOSS names the record that cannot be read.
  virtual absl::StatusOr<Contents> Load() = 0;

  // All or nothing; kept for good when it returns OK. After a failure nothing has changed, and the
  // store can be used further, but for ABORTED: another platform has taken over (a store that
  // several share), so this one must not decide anything any more. INVALID_ARGUMENT: a record has
  // text that is not UTF-8. (Who dies right after a failure may find the change made.)
  virtual absl::Status Apply(const Change& change) = 0;
};

}  // namespace chains::deploy
