// Sweeping: what no deployment needs any more leaves the disk.
//
//   const Needed needed = NeededBy(model);                       // on the loop, with a permit
//   co_await Blocking([&] { return Sweep(blobs, bundles, needed); });
#pragma once

#include <set>
#include <string>

#include "absl/status/status.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/platform/model.h"

namespace chains::deploy {

struct Needed {
  std::set<std::string> bundles;  // digests: of what is live or on its way
  std::set<std::string> folders;  // names below the folder of bundles: of these and of replicas
};

// While nobody changes what is deployed, or brings the files of a push in place: until the sweep is
// done.
Needed NeededBy(const Model& model);

// Removes from the folder `bundles` and from `blobs` what is not needed; files that came within the
// last hour stay, as a push may be about to name them. A bundle whose index is damaged is of no
// use, and keeps nobody else's from going. Blocks.
absl::Status Sweep(BlobStore& blobs, const std::string& bundles, const Needed& needed);

}  // namespace chains::deploy
