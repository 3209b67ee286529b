// What a pod's object says about its end. Pure.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "deploy/apiserver/object.h"

namespace chains::deploy {

// It will never run anything again: Failed or Succeeded.
bool HasEnded(const Json& pod);
bool IsReady(const Json& pod);
// Scheduled, and not known to have ended.
bool IsPending(const Json& pod);
// How often its container was started anew.
int64_t RestartsOf(const Json& pod);
// Whether the container runs, as far as the kubelet has said.
bool ContainerRuns(const Json& pod);
// When a pod that is being deleted has had all its time; InfiniteFuture: it is not being deleted.
absl::Time EndOfGrace(const Json& pod);
// "node1 (pod hello-…-x7k2p)".
std::string NodeText(const Json& pod);

// Why what ran in it does not run any more: "used more memory than its limit of 400 MiB
// (OOMKilled); …", "was evicted: …". For a pod that has ended, is being deleted, or whose container
// was started anew.
std::string HowItEnded(const Json& pod);

}  // namespace chains::deploy
