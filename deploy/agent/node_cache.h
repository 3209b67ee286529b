// NodeCache: a folder of a node in which its pods keep files of bundles for each other.
//
//   NodeCache cache("/var/cache/chains", uint64_t{64} << 30);
//   if (!cache.CopyInto(store, file)) …download it…, then:
//   cache.Add(store, file);
//
// FOLDER/ab/cdef… are files by digest, as in a BlobStore, FOLDER/tmp/ what is being written.
// Several agents use it at once, and none trusts it: what is taken is checked as if it had come
// from elsewhere, and what is not what its name says is removed. Files appear whole, by rename(2).
// Links would not do: the folder is another mount than the one that the pod works in. What was used
// longest ago goes when there is more than `max_bytes`.
//
// A cache that fails is none: nothing fails because of it, and problem() says why.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/bundle.pb.h"
#include "deploy/bundle/blob_store.h"

namespace chains::deploy {

// Thread-safe, and blocks: call it on worker threads.
class NodeCache {
 public:
  NodeCache(std::string folder, uint64_t max_bytes)
      : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  // The file is in `store` now. False: it is not here, or was damaged.
  bool CopyInto(BlobStore& store, const v1::BundleFile& file);
  // Others find it here from now on, if there is room.
  void Add(const BlobStore& store, const v1::BundleFile& file);

  // What failed first; OK: nothing.
  absl::Status problem() const;

 private:
  std::string PathOf(const v1::BundleFile& file) const;
  absl::StatusOr<bool> TryCopy(BlobStore& store, const v1::BundleFile& file);
  absl::Status TryAdd(const BlobStore& store, const v1::BundleFile& file);
  absl::Status Sweep() const;
  void Note(const absl::Status& status);

  const std::string folder_;
  const uint64_t max_bytes_;
  mutable std::mutex mutex_;
  absl::Status problem_;  // guarded by mutex_
};

}  // namespace chains::deploy
