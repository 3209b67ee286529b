// Plan: what a deployment should have running, against what it has: whom to start, whom to stop.
//
// A pure function. All the platform knows of time, processes and rooms comes in as data.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "deploy/platform/revision.h"

namespace chains::deploy {

struct RunningReplica {
  std::string name;
  std::string unit;       // the key
  uint64_t revision = 0;  // the last one that it was part of
  bool ready = false;
  bool starting = false;  // nobody ever called it
  bool unfit = false;     // another is to take its place
  bool draining = false;  // gets no new calls, and leaves
};

struct Wanted {
  const Revision* live = nullptr;       // what answers; null: nothing yet
  const Revision* pending = nullptr;    // what is to take its place
  bool replace = false;                 // the old make room before the new start
  std::map<std::string, int> replicas;  // by unit key, of both
  // Revisions of which replicas still drain, by number.
  std::map<uint64_t, const Revision*> retired;
};

struct Actions {
  struct Start {
    std::string unit;
    bool of_pending = false;
  };
  std::vector<Start> start;
  std::vector<std::string> drain;  // replicas: no new calls from now on, then they end
  bool pending_is_ready = false;   // every unit that it cannot do without has its replicas
};

// Nobody who is called leaves before those who may call him in the same, retired, revision.
Actions MakePlan(const Wanted& wanted, const std::vector<RunningReplica>& replicas);

}  // namespace chains::deploy
