// ObjectStore: files by name in a place that several platforms share (an S3 bucket). The platform's
// BlobStore is what it works from; with an object store behind it, what comes in goes there before
// it is acknowledged, and what is missing here is fetched from there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chains::deploy {

// Thread-safe, and blocks: call it on worker threads.
class ObjectStore {
 public:
  struct Found {
    std::string name;
    uint64_t size = 0;
    absl::Time changed;
  };

  virtual ~ObjectStore() = default;

  // Names have letters, digits, '/', '-', '.', '_'. Replaces what is there, whole or not at all.
  virtual absl::Status Put(const std::string& name, const std::string& path) = 0;
  // Hands the content over in pieces, as it comes. NOT_FOUND: there is none.
  virtual absl::Status Get(const std::string& name,
                           const std::function<absl::Status(std::string_view)>& take) = 0;
  virtual absl::StatusOr<bool> Has(const std::string& name) = 0;
  virtual absl::StatusOr<std::vector<Found>> List(const std::string& prefix) = 0;
  // OK also where it is gone already.
  virtual absl::Status Delete(const std::string& name) = 0;
};

}  // namespace chains::deploy
