// Fetch: the file at a URL, into the store of files, known by its digest.
//
//   FetchProgress progress;
//   absl::StatusOr<uint64_t> size =
//       Fetch(store, {.url = "https://example.com/weights.bin", .sha256 = sha256}, progress);
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/bundle/blob_store.h"

namespace chains::deploy {

struct FetchOptions {
  std::string url;                             // of http, https or file
  std::string sha256;                          // 32 bytes
  uint64_t max_bytes = uint64_t{1} << 38;      // 256 GiB
  absl::Duration connect = absl::Seconds(10);  // how long that may take; at least 1 ms
  absl::Duration stall = absl::Seconds(60);    // how long nothing may come; whole seconds
  int resumptions = 5;                         // after a connection broke that had brought some
};

// Any thread may look.
struct FetchProgress {
  std::atomic<uint64_t> bytes = 0;  // that came
  std::atomic<uint64_t> total = 0;  // 0: not known
};

// The file is in the store, whole, when this says its size; a failure leaves nothing there. What is
// there already is not fetched again. Follows at most five redirects, to http and https alone, and
// asks proxies of the environment (https_proxy, no_proxy). Blocks. Errors name the URL:
// INVALID_ARGUMENT (no such URL is possible), FAILED_PRECONDITION (it is another file, larger than
// max_bytes, or HTTP says that it cannot be had), NOT_FOUND, UNAVAILABLE (nobody answers, or the
// connection broke), DEADLINE_EXCEEDED (it took too long), RESOURCE_EXHAUSTED (the disk is full),
// CANCELLED.
absl::StatusOr<uint64_t> Fetch(BlobStore& store, const FetchOptions& options,
                               FetchProgress& progress, const std::stop_token& stop = {});

}  // namespace chains::deploy
