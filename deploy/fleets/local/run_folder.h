// RunFolder: the folder of one replica on this machine, and what can be told from it.
//
//   ROOT/DEPLOYMENT/SUFFIX/   intent   who it is: written, to the disk, before the process starts
//                             lock     held by the process for its whole life; has its pid
//                             s        its socket
//                             output   what it prints
//                             token, secrets/NAME
//                             identity/   who it shows it is (mTLS), written by the process
//
// A platform that comes after one that was killed finds its replicas by these: who holds its lock
// lives. SUFFIX is what follows the last '-' of the replica's name, because a socket's path has to
// be short.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/fleets/fleet.h"

namespace chains::deploy {

class RunFolder {
 public:
  RunFolder(const std::filesystem::path& root, const std::string& deployment,
            const std::string& name);

  const std::filesystem::path& path() const { return path_; }
  std::string socket() const { return path_ / "s"; }
  std::string output() const { return path_ / "output"; }
  std::string token() const { return path_ / "token"; }
  std::string identity() const { return path_ / "identity"; }
  std::string lock() const { return path_ / "lock"; }
  std::string secret(const std::string& name) const { return path_ / "secrets" / name; }

  // Makes it, readable by this user alone, with intent, token and secrets on the disk.
  // INVALID_ARGUMENT where the socket's path would be too long.
  absl::Status Make(const ReplicaSpec& spec) const;
  void Remove() const;

 private:
  std::filesystem::path path_;
};

// The process that holds the lock of a run folder; 0 when nobody does.
int LockHolder(const std::string& lock_file);

// Replicas below `root` that live. Folders of those that do not are removed.
absl::StatusOr<std::vector<FoundReplica>> FindReplicas(const std::filesystem::path& root);

}  // namespace chains::deploy
