// BlobsBehind: what a BlobStore has in an ObjectStore behind it. Implementation detail of
// blob_store.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/bundle/object_store.h"

namespace chains::deploy {

// Thread-safe, and blocks. Files are objects blobs/ab/cdef…, bundles are bundles/DIGEST.
class BlobsBehind {
 public:
  explicit BlobsBehind(std::shared_ptr<ObjectStore> objects) : objects_(std::move(objects)) {}

  static std::string NameOfBlob(std::string_view sha256);
  static std::string NameOfBundle(std::string_view digest);

  // Whether it is there; a failure is a no.
  bool Has(const std::string& name);
  // Puts the file at `path` there, unless it is there.
  absl::Status Ensure(const std::string& name, const std::string& path);
  // NOT_FOUND: there is none.
  absl::Status Get(const std::string& name,
                   const std::function<absl::Status(std::string_view)>& take);
  // Removes what is in `folder` ("blobs/"), was put there before `since`, and is not kept.
  absl::Status Remove(const std::string& folder, absl::Time since,
                      const std::function<bool(const std::string& name)>& keep);
  // For names of temporary files.
  uint64_t Next() { return ++count_; }

 private:
  bool IsKnown(const std::string& name);
  void Note(const std::string& name);

  const std::shared_ptr<ObjectStore> objects_;
  std::atomic<uint64_t> count_{0};
  std::mutex mutex_;
  std::set<std::string> known_;  // are there; guarded by mutex_
};

}  // namespace chains::deploy
