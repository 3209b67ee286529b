// Recovery: a platform's model from what an earlier one left: its records, its bundles, and those
// of its replicas that still run.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/fleets/fleet.h"
#include "deploy/platform/model.h"
#include "deploy/state/store.h"

namespace chains::deploy {

struct Left {
  Store& store;
  BlobStore& blobs;
  std::string bundles;  // the folder where bundles are unpacked
  Fleet& fleet;
};

// Fills the empty `model`. Replicas of what is to run are taken over; others are told to leave. A
// deployment whose bundle is damaged is there as a failed one, with the reason. Blocks.
absl::Status Recover(Model& model, const Left& left, const std::vector<FoundReplica>& found,
                     absl::Time now);

}  // namespace chains::deploy
