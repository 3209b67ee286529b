// OutputFiles: what replicas elsewhere wrote, as files here, of which logs are made as of those
// that replicas of this machine write by themselves.
//
//   OutputFiles outputs(home / "run", logs);
//   outputs.Append(replica, "a line\n");
//   outputs.End(replica.deployment, replica.name);
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/fleets/fleet.h"
#include "deploy/logs/log_keeper.h"

namespace chains::deploy {

// On one thread. Appending takes as long as a write into the page cache.
class OutputFiles {
 public:
  // Makes the folder. Files of others than `running` are left from an earlier platform, and go.
  // `logs` outlives it. What fails shows where logs are asked for.
  OutputFiles(std::filesystem::path folder, LogKeeper& logs,
              const std::vector<FoundReplica>& running);
  OutputFiles(const OutputFiles&) = delete;

  void Append(const FoundReplica& replica, std::string_view data);
  // It writes nothing more.
  void End(const std::string& deployment, const std::string& name);

 private:
  // Empty: that is no name of ours.
  std::filesystem::path FileOf(const std::string& deployment, const std::string& name) const;

  const std::filesystem::path folder_;
  LogKeeper& logs_;
  std::set<std::filesystem::path> followed_;
};

}  // namespace chains::deploy
