#include "deploy/agent/bundle_fetcher.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <sys/statvfs.h>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "chains/core/all.h"
#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "deploy/agent/backoff.h"
#include "deploy/bundle/bundle.h"
#include "deploy/bundle/digest.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// What folders and indexes take beside the files, and what a disk should still have afterwards.
constexpr uint64_t kSpare = uint64_t{16} << 20;
// How often files that were here turn out to be damaged.
constexpr int kMostRepairs = 3;

std::string MiB(uint64_t bytes) {
  return absl::StrFormat("%.1f", static_cast<double>(bytes) / (1 << 20));
}

// The platform, or the way to it, is not there now.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

Task<std::optional<v1::DownloadedPiece>> NextOf(Stream<v1::DownloadedPiece>* pieces) {
  co_return co_await pieces->Next();
}

}  // namespace

std::string BundleProgress::Text() const {
  std::string text = total == 0 ? std::string("fetching")
                                : absl::StrCat("fetching ", MiB(bytes), " of ", MiB(total), " MiB");
  if (!waits.empty()) absl::StrAppend(&text, "; waits: ", waits);
  return text;
}

// One file on its way.
struct BundleFetcher::Download {
  const v1::BundleFile& file;
  BlobStore::Writer writer;
  absl::Status failed = {};  // on the other end, or on the way; what is wrong here is no such thing
};

absl::StatusOr<std::unique_ptr<BundleFetcher>> BundleFetcher::Open(Options options) {
  const Files files;
  absl::Status made = files.MakeFolders(options.work + "/bundles");
  if (!made.ok()) return made;
  absl::StatusOr<std::unique_ptr<BlobStore>> store = BlobStore::Open(options.work + "/store");
  if (!store.ok()) return store.status();
  return std::unique_ptr<BundleFetcher>(new BundleFetcher(std::move(options), *std::move(store)));
}

BundleFetcher::BundleFetcher(Options options, std::unique_ptr<BlobStore> store)
    : options_(std::move(options)),
      store_(std::move(store)),
      seed_(options_.seed.empty() ? nullptr : std::make_unique<NodeCache>(options_.seed, 0)),
      cache_(options_.cache.empty()
                 ? nullptr
                 : std::make_unique<NodeCache>(options_.cache, options_.max_cache_bytes)),
      downloads_({.what = "files of a bundle",
                  .limit = static_cast<size_t>(std::max(1, options_.files_at_once))}) {}

std::string BundleFetcher::FolderOf(const std::string& digest) const {
  return Text(options_.work, "/bundles/", digest);
}

// One connection for all files, until it fails.
std::shared_ptr<v1::Bundles> BundleFetcher::Platform() {
  if (platform_ == nullptr) platform_ = options_.connect();
  return platform_;
}

void BundleFetcher::Lost(const std::shared_ptr<v1::Bundles>& platform) {
  if (platform_ == platform) platform_.reset();
}

absl::Status BundleFetcher::cache_problem() const {
  return cache_ == nullptr ? absl::OkStatus() : cache_->problem();
}

Task<BundleFetcher::Fetched> BundleFetcher::Fetch(std::string digest, std::set<std::string> in_use,
                                                  BundleProgress* progress) {
  const Permit permit = co_await working_.Enter();
  co_await Sha256FromHex(digest).status();
  Fetched fetched;
  fetched.digest = digest;
  fetched.folder = FolderOf(digest);
  absl::StatusOr<v1::Bundle> known = absl::UnknownError("not read");
  co_await Blocking([&] { known = store_->GetBundle(digest); });
  if (known.ok()) {
    fetched.index = *std::move(known);
  } else {
    fetched.index = co_await Find(digest, progress);
  }
  for (int repairs = 0;; ++repairs) {
    co_await FetchMissing(&fetched.index, &in_use, progress);
    absl::Status made;
    co_await Blocking([&] {
      made = store_->PutBundle(fetched.index).status();
      if (made.ok()) made = store_->Assemble(fetched.index, fetched.folder);
    });
    if (made.ok()) break;
    // What was damaged is gone, and is fetched again.
    if (!absl::IsDataLoss(made) || repairs == kMostRepairs) co_await made;
  }
  platform_.reset();  // the next is asked for in minutes, or never
  co_return std::move(fetched);
}

Task<v1::Bundle> BundleFetcher::Find(std::string digest, BundleProgress* progress) {
  Backoff backoff;
  v1::FindBundleRequest request;
  request.set_digest(digest);
  while (true) {
    const std::shared_ptr<v1::Bundles> platform = Platform();
    absl::StatusOr<v1::Bundle> found =
        co_await Outcome(WithTimeout(platform->Find(request), options_.stall));
    if (!found.ok() && IsTransient(found.status())) {
      Lost(platform);
      progress->waits = std::string(MessageOf(found.status()));
      co_await Sleep(backoff.Next());
      continue;
    }
    progress->waits.clear();
    co_await found.status();
    co_await ValidateBundle(*found);
    if (DigestOf(*found) == digest) co_return std::move(found);
    co_return absl::DataLossError(
        Text("the platform's bundle ", digest, " is another: ", DigestOf(*found)));
  }
}

Task<void> BundleFetcher::FetchMissing(const v1::Bundle* bundle,
                                       const std::set<std::string>* in_use,
                                       BundleProgress* progress) {
  std::vector<std::string> missing;
  co_await Blocking([&] { missing = store_->Missing(*bundle); });
  std::set<std::string> left(missing.begin(), missing.end());
  progress->bytes = progress->total = 0;
  std::vector<const v1::BundleFile*> files;
  for (const v1::BundleFile& file : bundle->files()) {
    if (left.erase(file.sha256()) == 0) continue;
    files.push_back(&file);
    progress->total += file.size();
  }
  if (files.empty()) co_return;
  co_await Blocking([&] { return MakeRoom(*bundle, *in_use, progress->total); });
  std::vector<Task<void>> fetches;
  for (const v1::BundleFile* file : files) fetches.push_back(FetchFile(file, progress));
  co_await All(std::move(fetches));
}

// The files that are here for others go only when there is no room beside them: an edit shares most
// of its files with what ran before.
absl::Status BundleFetcher::MakeRoom(const v1::Bundle& bundle, const std::set<std::string>& in_use,
                                     uint64_t missing) {
  if (CheckRoom(bundle, missing).ok()) return absl::OkStatus();
  absl::Status removed = RemoveOthers(in_use, &bundle);
  return removed.ok() ? CheckRoom(bundle, missing) : removed;
}

absl::Status BundleFetcher::CheckRoom(const v1::Bundle& bundle, uint64_t missing) const {
  const std::string what = Text("the bundle of ", bundle.manifest().chain(), " needs ",
                                MiB(missing), " MiB more in ", options_.work);
  if (options_.max_bytes > 0) {
    const absl::StatusOr<uint64_t> used = store_->Size();
    if (!used.ok()) return used.status();
    const uint64_t left = options_.max_bytes - std::min(options_.max_bytes, *used);
    if (missing + kSpare > left) {
      return absl::ResourceExhaustedError(
          Text(what, ", where ", MiB(left), " of ", MiB(options_.max_bytes),
               " MiB are left; raise bundleSpace in the cluster's settings (cluster.json) to ",
               MiB(missing + kSpare + *used), " MiB or more"));
    }
  }
  struct statvfs disk {};
  if (statvfs(options_.work.c_str(), &disk) != 0) return FileError("look at", options_.work, errno);
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
  if (missing + kSpare <= free) return absl::OkStatus();
  return absl::ResourceExhaustedError(Text(what, ", and the disk has ", MiB(free),
                                           " MiB left; free space on the node, or give it a "
                                           "larger disk for its pods (ephemeral storage)"));
}

Task<bool> BundleFetcher::TakeFromHere(const v1::BundleFile* file) {
  bool copied = false;
  for (NodeCache* const each : {seed_.get(), cache_.get()}) {
    if (each == nullptr || copied) continue;
    co_await Blocking([&] { copied = each->CopyInto(*store_, *file); });
  }
  co_return copied;
}

Task<void> BundleFetcher::FetchFile(const v1::BundleFile* file, BundleProgress* progress) {
  const Permit permit = co_await downloads_.Enter();
  if (co_await TakeFromHere(file)) {
    progress->bytes += file->size();
    co_return;
  }
  Backoff backoff;
  int wrong = 0;
  while (true) {
    BlobStore::Writer writer =
        co_await Blocking([&] { return store_->GoOn(file->sha256(), file->size()); });
    Download download{.file = *file, .writer = std::move(writer)};
    const uint64_t before = download.writer.written();
    progress->bytes += before;
    const absl::StatusOr<chains::internal::Unit> done =
        co_await Outcome(Continue(&download, progress));
    if (done.ok()) break;
    progress->bytes -= std::min(progress->bytes, download.writer.written());
    if (!download.failed.ok() && IsTransient(download.failed)) {
      if (download.writer.written() > before) backoff.Reset();
      progress->waits = std::string(MessageOf(download.failed));
      co_await Sleep(backoff.Next());
      continue;
    }
    if (!absl::IsInvalidArgument(done.status())) co_await done.status();
    download.writer.Discard();
    if (++wrong < options_.tries_of_a_file) continue;
    co_await absl::DataLossError(Text("the file ", file->path(), " of the bundle (SHA-256 ",
                                      Hex(file->sha256()), ") came wrong ", wrong,
                                      " times: ", MessageOf(done.status())));
  }
  if (cache_ != nullptr) co_await Blocking([&] { cache_->Add(*store_, *file); });
}

// INVALID_ARGUMENT: the file came, and is another.
Task<void> BundleFetcher::Continue(Download* download, BundleProgress* progress) {
  BlobStore::Writer& writer = download->writer;
  const std::shared_ptr<v1::Bundles> platform = Platform();
  v1::DownloadRequest request;
  request.set_sha256(download->file.sha256());
  request.set_offset(writer.written());
  Stream<v1::DownloadedPiece> pieces = platform->Download(std::move(request));
  while (writer.written() < download->file.size()) {
    absl::StatusOr<std::optional<v1::DownloadedPiece>> piece =
        co_await Outcome(WithTimeout(NextOf(&pieces), options_.stall));
    download->failed = piece.status();
    if (!piece.ok()) Lost(platform);
    co_await piece.status();
    if (!piece->has_value()) break;  // too short, says Commit()
    progress->waits.clear();
    const std::string& data = (*piece)->data();
    co_await Blocking([&] { return writer.Append(data); });
    progress->bytes += data.size();
  }
  co_await Blocking([&] { return writer.Commit(); });
}

absl::Status BundleFetcher::RemoveOthers(const std::set<std::string>& digests,
                                         const v1::Bundle* coming) {
  const Files files;
  std::vector<std::string> gone;
  std::error_code error;
  for (fs::directory_iterator each(options_.work + "/bundles", error), end; !error && each != end;
       each.increment(error)) {
    if (digests.count(each->path().filename()) == 0) gone.push_back(each->path());
  }
  if (error) return FileError("read the folder", options_.work + "/bundles", error.value());
  for (const std::string& folder : gone) {
    if (absl::Status removed = files.RemoveTree(folder); !removed.ok()) return removed;
  }
  return store_->Collect(digests, absl::ZeroDuration(), coming).status();
}

Task<void> BundleFetcher::KeepOnly(std::set<std::string> digests) {
  const Permit permit = co_await working_.Enter();
  co_await Blocking([&] { return RemoveOthers(digests, nullptr); });
}

}  // namespace chains::deploy
