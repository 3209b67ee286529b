// Fleet: where a platform's replicas run. Processes of this machine today.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "chains/v1/manifest.pb.h"

namespace chains::deploy {

// One replica that is to run.
struct ReplicaSpec {
  std::string deployment;
  std::string name;  // unique within the deployment: "SayHello-3"
  std::string chain;
  std::string unit;  // the key of what it runs
  uint64_t revision = 0;
  std::vector<std::string> chainlets;  // that it serves
  std::string bundle;                  // its digest
  std::string folder;                  // the bundle's tree
  std::string program;                 // in it
  std::string environment;             // what chainlets are told: "production", or empty
  std::string token;                   // with which it attaches
  std::string platform;                // where it attaches: an address of chains.v1.Control
  v1::Resources resources;
  std::vector<int> gpus;                       // which of the machine's it gets
  std::map<std::string, std::string> secrets;  // name → value, of its chainlets only
  std::map<std::string, std::string> assets;   // name → path
};

// How a replica ended.
struct ReplicaExit {
  std::string deployment;
  std::string name;
  bool asked = false;  // it was told to leave
  std::string how;     // "exited with 1", "killed by signal 11 (Segmentation fault)"
  std::vector<std::string> last_lines = {};  // of its output
};

// A replica that was there before this platform.
struct FoundReplica {
  std::string deployment;
  std::string chain;
  std::string name;
  std::string unit;
  uint64_t revision = 0;
  std::vector<std::string> chainlets;
  int pid = 0;
  std::vector<int> gpus;
  double cpus = 0;     // that it wants
  std::string bundle;  // that it runs from
};

// Calls do not block. Thread-safe.
class Fleet {
 public:
  // Of a replica that ended, or could not be started; on a thread of the fleet's.
  using OnExit = std::function<void(ReplicaExit exit)>;

  virtual ~Fleet() = default;

  virtual std::string kind() const = 0;  // "local"
  virtual void Start(ReplicaSpec spec) = 0;
  // Asks it to finish what runs and to leave; after `patience` it is ended by force.
  virtual void Stop(const std::string& deployment, const std::string& name,
                    absl::Duration patience) = 0;
  // Removes what is left of a replica that ended.
  virtual void Forget(const std::string& deployment, const std::string& name) = 0;
};

}  // namespace chains::deploy
