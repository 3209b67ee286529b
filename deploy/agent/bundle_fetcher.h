// BundleFetcher: brings a bundle from the platform into a folder of this pod.
//
//   auto fetcher = BundleFetcher::Open({.work = "/var/lib/chains", .connect = …});
//   BundleFetcher::Fetched bundle = co_await (*fetcher)->Fetch(digest, {}, &progress);
//   …run bundle.folder / bundle.index.program()…
//   co_await (*fetcher)->KeepOnly({digest});      // what others had is not needed any more
//
// Files come several at a time, each checked against its SHA-256 when it is whole. One that was cut
// off goes on where it was, in this process or the next. One that is not what it should be is
// fetched again from its beginning, a few times. As long as the platform is not there it is asked
// again: who does not want the bundle any more drops the task.
//
// In WORK: store/ is a BlobStore, bundles/DIGEST/ the folders, whose files are links into it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/gate.h"
#include "chains/core/task.h"
#include "chains/v1/pods.chains.h"
#include "deploy/agent/node_cache.h"
#include "deploy/bundle/blob_store.h"

namespace chains::deploy {

// How far a fetch is.
struct BundleProgress {
  uint64_t bytes = 0;  // that are here, of `total`
  uint64_t total = 0;  // 0: not known yet
  std::string waits;   // why nothing comes; empty: it does

  // "fetching 12.1 of 40.0 MiB".
  std::string Text() const;
};

// For one loop. One Fetch() or KeepOnly() at a time; others wait for it.
class BundleFetcher {
 public:
  struct Options {
    std::string work;
    // A new connection, so that none waits until an earlier one has recovered.
    std::function<std::shared_ptr<v1::Bundles>()> connect;
    uint64_t max_bytes = 0;  // that files may have in `work`; 0: what the disk has
    std::string cache;       // of the node; empty: none
    uint64_t max_cache_bytes = uint64_t{64} << 30;
    std::string seed;  // files that an image has already, as a cache has them; empty: none
    int files_at_once = 4;
    int tries_of_a_file = 3;                   // that come whole, and wrong
    absl::Duration stall = absl::Seconds(60);  // how long nothing may come
  };
  struct Fetched {
    std::string digest;
    std::string folder;
    v1::Bundle index;
  };

  // What an earlier process fetched is there. Blocks.
  static absl::StatusOr<std::unique_ptr<BundleFetcher>> Open(Options options);

  // `in_use` are bundles that stay even where there is no room. `progress` outlives it, and is kept
  // up to date. NOT_FOUND: the platform has no such bundle.
  // RESOURCE_EXHAUSTED: it does not fit, with how much it needs and which setting gives more.
  // DATA_LOSS: a file comes wrong again and again.
  Task<Fetched> Fetch(std::string digest, std::set<std::string> in_use, BundleProgress* progress);
  // Bundles that are not in `digests` are removed, with the files that only they had.
  Task<void> KeepOnly(std::set<std::string> digests);

  // Why the cache was of no use; OK: it was, or there is none.
  absl::Status cache_problem() const;

 private:
  BundleFetcher(Options options, std::unique_ptr<BlobStore> store);

  std::string FolderOf(const std::string& digest) const;
  std::shared_ptr<v1::Bundles> Platform();
  void Lost(const std::shared_ptr<v1::Bundles>& platform);
  Task<v1::Bundle> Find(std::string digest, BundleProgress* progress);
  Task<void> FetchMissing(const v1::Bundle* bundle, const std::set<std::string>* in_use,
                          BundleProgress* progress);
  absl::Status MakeRoom(const v1::Bundle& bundle, const std::set<std::string>& in_use,
                        uint64_t missing);
  Task<void> FetchFile(const v1::BundleFile* file, BundleProgress* progress);
  // Whether it was in the image, or in the node's cache.
  Task<bool> TakeFromHere(const v1::BundleFile* file);
  struct Download;
  Task<void> Continue(Download* download, BundleProgress* progress);
  absl::Status CheckRoom(const v1::Bundle& bundle, uint64_t missing) const;
  absl::Status RemoveOthers(const std::set<std::string>& digests, const v1::Bundle* coming);

  const Options options_;
  const std::unique_ptr<BlobStore> store_;
  const std::unique_ptr<NodeCache> seed_;   // null: none; nothing is added to it
  const std::unique_ptr<NodeCache> cache_;  // null: none
  std::shared_ptr<v1::Bundles> platform_;   // null: not connected
  Gate working_{{.what = "work on the bundles of a pod", .limit = 1, .max_waiting = 16}};
  Gate downloads_;
};

}  // namespace chains::deploy
