// Uploading: what of a bundle the platform lacks, and no more.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/push/chain_source.h"

namespace chains::deploy::cli {

struct Uploaded {
  int files = 0;       // that were sent
  uint64_t bytes = 0;  // of those
  int kept = 0;        // that were there already
};

// Sends missing files in pieces of at most 1 MiB; `progress` is told of bytes, on another thread.
// When the platform goes away meanwhile, what is missing then is sent once more. ABORTED: a file
// changed since it was collected.
absl::StatusOr<Uploaded> UploadMissing(
    PlatformClient& platform, const BuiltChain& chain,
    const std::function<void(uint64_t sent, uint64_t total)>& progress, std::stop_token stop = {});

}  // namespace chains::deploy::cli
