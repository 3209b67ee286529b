// ReplicaNote: what is written on a pod about the replica that the platform has put there, so that
// a platform that comes after this one finds it. Nothing secret: who may read pods may read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "deploy/apiserver/object.h"
#include "deploy/fleets/fleet.h"

namespace chains::deploy {

struct ReplicaNote {
  std::string replica;
  std::string chain;
  std::string unit;
  uint64_t revision = 0;
  std::vector<std::string> chainlets;
  std::string bundle;
  // How often the pod's container had been started anew by then: what it runs is lost with the
  // next time.
  int64_t restarts = 0;

  friend bool operator==(const ReplicaNote&, const ReplicaNote&) = default;
};

// The annotation's text.
std::string WriteNote(const ReplicaNote& note);
// Nothing: the pod has no note, or none that can be read.
std::optional<ReplicaNote> ReadNote(const Json& pod);

// As the platform is told of it.
FoundReplica FoundIn(const Json& pod, const ReplicaNote& note);

}  // namespace chains::deploy
