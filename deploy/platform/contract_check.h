// What a new version of a chain would break for those who call its entrypoint. Pure.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "absl/status/status.h"

namespace chains::deploy {

struct EntrypointContract {
  const google::protobuf::FileDescriptorSet& descriptors;
  const std::string& entrypoint;  // full name of its service
};

// One sentence for each thing: a method that is gone, a field that is gone, has another type,
// number or is needed now. Callers are those over gRPC, who have compiled the old contract, and
// those over JSON, who know names. Empty: old callers go on as before.
std::vector<std::string> WhatBreaks(const EntrypointContract& before,
                                    const EntrypointContract& after);

// FAILED_PRECONDITION lists what breaks, and names --breaking; OK where nothing does.
absl::Status CheckCallersOf(const EntrypointContract& before, const EntrypointContract& after);

}  // namespace chains::deploy
