// Fleet: where a platform's replicas run: processes of this machine, or pods of a cluster.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
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
  bool development = false;            // of a development deployment
  std::string bundle;                  // its digest
  std::string folder;       // the bundle's tree, where the fleet shares the platform's disk
  std::string program;      // in it
  std::string environment;  // what chainlets are told: "production", or empty
  std::string token;        // with which it attaches
  std::string platform;     // where it attaches: an address of chains.v1.Control
  bool mtls = false;        // it calls and is called over TLS in which both show who they are
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

// Chainlets of a deployment that share a process, as all its replicas have them.
struct FleetUnit {
  std::vector<std::string> chainlets;        // full names, in the manifest's order
  v1::Resources resources;                   // of one replica
  v1::Autoscaling autoscaling;               // of its busiest chainlet
  std::string base_image;                    // declared; empty: the fleet's
  std::vector<std::string> system_packages;  // declared, of all its chainlets

  friend bool operator==(const FleetUnit& a, const FleetUnit& b);
};

// What a fleet has to know of a deployment beside its replicas: that it is there at all.
struct FleetDeployment {
  std::string id;
  std::string chain;
  bool development = false;
  std::string token;   // with which its replicas and agents attach
  std::string bundle;  // the digest of what is live or, before that, pending
  v1::Manifest manifest;
  std::vector<FleetUnit> units;  // of what is live and of what is pending, each once

  friend bool operator==(const FleetDeployment& a, const FleetDeployment& b);
};

// Where a replica is, for people.
struct ReplicaPlace {
  std::string node;     // "node1 (pod hello-…-x7k2p)"; empty: this machine
  std::string problem;  // why it does not run yet, and what to do; empty: nothing is known
};

// Calls do not block. Thread-safe, unless a fleet says that it belongs to the platform's loop.
class Fleet {
 public:
  // Of a replica that ended, or could not be started; on a thread of the fleet's.
  using OnExit = std::function<void(ReplicaExit exit)>;
  // Whether the network leads to a replica, where the fleet knows (tells_reachable).
  using OnReachable =
      std::function<void(const std::string& deployment, const std::string& name, bool reachable)>;
  // Somebody else decides how many replicas a unit has (an autoscaler of the cluster's, a person
  // with kubectl): so many from now on; nullopt: the platform decides again.
  using OnScaled =
      std::function<void(const std::string& deployment, const std::vector<std::string>& chainlets,
                         std::optional<int> replicas)>;

  virtual ~Fleet() = default;

  virtual std::string kind() const = 0;  // "local"
  virtual void Start(ReplicaSpec spec) = 0;
  // Asks it to finish what runs and to leave; after `patience` it is ended by force.
  virtual void Stop(const std::string& deployment, const std::string& name,
                    absl::Duration patience) = 0;
  // Removes what is left of a replica that ended.
  virtual void Forget(const std::string& deployment, const std::string& name) = 0;

  // A deployment is there, or has changed; before any replica of it is started. To hear it twice
  // changes nothing.
  virtual void Deploy(const FleetDeployment&) {}
  // It was deleted: all that the fleet made for it goes.
  virtual void Remove(const std::string& /*deployment*/) {}
  // A replica gets no calls before OnReachable says that it can have them.
  virtual bool tells_reachable() const { return false; }
  // What a replica has of the machine is the platform's to count; elsewhere a scheduler places it.
  virtual bool schedules() const { return false; }
  virtual ReplicaPlace PlaceOf(const std::string& /*deployment*/,
                               const std::string& /*name*/) const {
    return {};
  }
};

}  // namespace chains::deploy
