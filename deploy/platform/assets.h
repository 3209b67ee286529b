// Assets: what bundles need from elsewhere: fetched once for all deployments of the machine.
//
//   Assets assets(blobs);
//   Stream<std::string> notes = assets.Complete(&bundle);
//   while (std::optional<std::string> note = co_await notes.Next()) …"fetching weights 12.3 of 99
//   MiB"…
//
// Downloads run on threads of their own: one that is slow keeps nobody from the platform's disk.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "chains/core/stream.h"
#include "chains/core/worker_pool.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/url_assets.h"

namespace chains::deploy {

// For one loop, whose thread destroys it or which has ended. Destroying it ends what is fetched.
class Assets {
 public:
  explicit Assets(BlobStore& blobs);  // outlives it
  ~Assets();
  Assets(const Assets&) = delete;

  // Adds to `bundle`, which is valid and outlives the stream, the assets that its manifest names by
  // URL. Says how far it is, at most every two seconds. Who drops the stream ends what nobody else
  // waits for. Fails as Fetch() does, and names the asset.
  Stream<std::string> Complete(v1::Bundle* bundle);

 private:
  struct Download;
  class Waiter;

  std::shared_ptr<Download> Find(const UrlAsset& asset);
  absl::StatusOr<std::shared_ptr<Download>> Begin(Loop& loop, const UrlAsset& asset);

  BlobStore& blobs_;
  std::map<std::string, std::weak_ptr<Download>> downloads_;  // by sha256
  WorkerPool workers_;
};

}  // namespace chains::deploy
