// BlobStore: the files of all bundles, each kept once, by what is in it.
//
//   auto store = BlobStore::Open("/var/lib/chains/store");
//   for (const std::string& sha256 : (*store)->Missing(bundle)) …        // upload them:
//   absl::StatusOr<BlobStore::Writer> writer = (*store)->Begin(sha256, size);
//   absl::Status status = writer->Append(piece);
//   status = writer->Commit();
//   absl::StatusOr<std::string> digest = (*store)->PutBundle(bundle);
//   status = (*store)->Assemble(bundle, "/var/lib/chains/deployments/abc/files");
//
// On disk: blobs/ab/cdef… are files by digest, bundles/DIGEST the indexes, tmp/ what is being
// written, partial/abcdef… what GoOn() may go on with. Whatever moment a process is killed at, what
// is in blobs/ and bundles/ is whole, and a folder that Assemble made is either complete or not
// there.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/bundle.pb.h"
#include "deploy/bundle/digest.h"
#include "deploy/bundle/files.h"
#include "deploy/bundle/object_store.h"

namespace chains::deploy {

class BlobsBehind;

// Thread-safe, and blocks: call it on worker threads. One process has a folder at a time.
class BlobStore {
 public:
  // Puts one file into the store. Dropped before Commit() it leaves nothing. Not thread-safe;
  // several may write the same file at once. It must not outlive its store.
  class Writer {
   public:
    Writer(Writer&& other) noexcept;
    Writer& operator=(Writer&& other) noexcept;
    ~Writer();

    // INVALID_ARGUMENT: this is more than the size that Begin() was told.
    absl::Status Append(std::string_view data);
    // The file is in the store when this says OK. INVALID_ARGUMENT: size or digest are others than
    // those that Begin() was told.
    absl::Status Commit();
    // Bytes that were appended; of a file that was gone on with, those of before as well.
    uint64_t written() const { return written_; }
    // Nothing is left of it, not even what would be kept.
    void Discard();

   private:
    friend class BlobStore;
    Writer(BlobStore* store, FileDescriptor file, std::string sha256, uint64_t size, bool exact);
    void Leave();
    void NoteVerified();

    BlobStore* store_;
    FileDescriptor file_;
    std::string sha256_;
    uint64_t size_;
    bool exact_;          // else size_ is the most it may have
    bool keeps_ = false;  // what is there stays when it is dropped
    uint64_t written_ = 0;
    Hasher hasher_;
  };

  struct Collected {
    uint64_t files = 0;
    uint64_t bytes = 0;
    uint64_t bundles = 0;
  };

  // Makes `root` where it is missing, and removes what was half-written. FAILED_PRECONDITION:
  // another process has it open.
  static absl::StatusOr<std::unique_ptr<BlobStore>> Open(std::string root,
                                                         Files::Hook hook = nullptr);
  BlobStore(const BlobStore&) = delete;
  BlobStore& operator=(const BlobStore&) = delete;
  ~BlobStore();

  // Keeps all that comes in `objects` as well, before it is acknowledged, and has what is there:
  // what is missing in the folder is fetched when it is needed. Once, before anything else. Several
  // stores may have the same `objects` behind them; one of them takes pushes and collects.
  void KeepBehind(std::shared_ptr<ObjectStore> objects);

  bool Has(std::string_view sha256) const;
  // The size of a file that is here; it stays for an hour, whatever Collect() is told.
  std::optional<uint64_t> Find(std::string_view sha256);
  // Open for reading; it can be read to its end whatever happens to it here. NOT_FOUND: it is not
  // here.
  absl::StatusOr<FileDescriptor> OpenBlob(std::string_view sha256) const;
  // The files of `bundle` that are not here, each once. Those that are here stay for an hour,
  // whatever Collect() is told.
  std::vector<std::string> Missing(const v1::Bundle& bundle);

  // INVALID_ARGUMENT: `sha256` has not 32 bytes. RESOURCE_EXHAUSTED: the disk has no room for
  // `size` bytes.
  absl::StatusOr<Writer> Begin(std::string_view sha256, uint64_t size);
  // A Writer that goes on where the last one of this file was dropped, in this process or in one
  // before; what it has so far is read again. Of one file at a time. No room is claimed for it.
  absl::StatusOr<Writer> GoOn(std::string_view sha256, uint64_t size);
  // For a file of which only the most that it may have is known; no room is claimed for it.
  absl::StatusOr<Writer> BeginUpTo(std::string_view sha256, uint64_t max_size);
  // Copies a file into the store, and says its SHA-256.
  absl::StatusOr<std::string> PutFile(const std::string& path);

  // Keeps a valid bundle's index, and says its digest. FAILED_PRECONDITION: a file of it is not
  // here.
  absl::StatusOr<std::string> PutBundle(const v1::Bundle& bundle);
  // NOT_FOUND: no such bundle. DATA_LOSS: its index is damaged.
  absl::StatusOr<v1::Bundle> GetBundle(std::string_view digest) const;

  // Makes the folder `dir` with all files of `bundle`, readable for all, writable for nobody, the
  // executable ones executable. Every file's digest has been checked when it is there. Where `dir`
  // is complete already nothing happens; where something in it is missing or was changed, a new
  // one takes its place at once. FAILED_PRECONDITION: a file is not here. DATA_LOSS: a file in the
  // store is damaged; it is removed, so that it can be uploaded again.
  // `dir`.assembling is used on the way.
  absl::Status Assemble(const v1::Bundle& bundle, const std::string& dir);

  // Removes bundles other than those of `keep`, and files that none of those has, nor `coming`
  // (which may be null). What came or was asked for in the last `grace` stays, because a push may
  // be about to name it.
  absl::StatusOr<Collected> Collect(const std::set<std::string>& keep_digests,
                                    absl::Duration grace = absl::Hours(1),
                                    const v1::Bundle* coming = nullptr);
  // What all files here have, begun ones too, in bytes.
  absl::StatusOr<uint64_t> Size() const;

 private:
  // A file as stat(2) sees it: if none of it has changed, neither has the content.
  using Identity = std::tuple<uint64_t, uint64_t, int64_t, int64_t, int64_t, int64_t>;

  BlobStore(std::string root, Files::Hook hook);

  std::string BlobPath(std::string_view sha256) const;
  std::string BundlePath(std::string_view digest) const;
  std::string PartialPath(std::string_view sha256) const;
  std::string TemporaryPath();
  absl::StatusOr<Writer> Make(std::string_view sha256, uint64_t size, bool exact);
  void Promise(std::string_view sha256);
  bool HasHere(std::string_view sha256) const;
  bool HasBehind(std::string_view sha256) const;
  absl::Status SaveBehind(std::string_view sha256, const std::string& path);
  absl::Status SaveBundleBehind(const v1::Bundle& bundle, const std::string& digest);
  // OK also where the store behind has none.
  absl::Status BringHere(std::string_view sha256);
  absl::Status BringHere(const v1::Bundle& bundle);
  absl::Status BringBundleHere(std::string_view digest) const;
  absl::Status CollectBehind(const std::set<std::string>& keep_digests,
                             const std::set<std::string>& keep, absl::Time since);
  absl::Status Lock();
  absl::Status Verify(const v1::BundleFile& file);
  absl::Status PlaceFile(const v1::BundleFile& file, const std::string& path);
  absl::Status Copy(const v1::BundleFile& file, const std::string& path);
  absl::Status Populate(const v1::Bundle& bundle, const std::string& dir);
  bool IsComplete(const v1::Bundle& bundle, const std::string& dir);
  bool HasContent(const v1::BundleFile& file, const std::string& path);
  absl::StatusOr<std::set<std::string>> FilesOf(const std::set<std::string>& digests) const;
  absl::Status CollectBundles(const std::set<std::string>& keep, absl::Time since, Collected& out);
  absl::Status CollectBlobs(const std::set<std::string>& keep, absl::Time since, Collected& out);
  absl::Status CollectPartial(const std::set<std::string>& keep, absl::Time since, Collected& out);
  bool PromisedSince(const std::string& sha256, absl::Time since);

  const std::string root_;
  const Files files_;
  FileDescriptor lock_;                  // flock(2), until it is closed
  std::unique_ptr<BlobsBehind> behind_;  // null: there is nothing behind

  std::mutex trees_;  // held by Assemble and Collect: they link, change and remove blobs
  std::map<std::string, Identity> verified_;  // by sha256; guarded by trees_
  std::mutex mutex_;                          // guards what follows; never held while blocking
  uint64_t temporaries_ = 0;
  std::map<std::string, absl::Time> promised_;  // what Missing() said is here, and when
};

}  // namespace chains::deploy
