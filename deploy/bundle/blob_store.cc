#include "deploy/bundle/blob_store.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/bundle/blobs_behind.h"
#include "deploy/bundle/bundle.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kReadOnly = 0444;

absl::Status NotHere(const v1::BundleFile& file) {
  return absl::FailedPreconditionError(Text("the file ", file.path(), " of the bundle (SHA-256 ",
                                            Hex(file.sha256()),
                                            ") is not in the store; push again to upload it"));
}

}  // namespace

// ---- Writer

BlobStore::Writer::Writer(BlobStore* store, FileDescriptor file, std::string sha256, uint64_t size,
                          bool exact)
    : store_(store),
      file_(std::move(file)),
      sha256_(std::move(sha256)),
      size_(size),
      exact_(exact) {}
BlobStore::Writer::Writer(Writer&& other) noexcept = default;

BlobStore::Writer& BlobStore::Writer::operator=(Writer&& other) noexcept {
  if (this == &other) return *this;
  Leave();
  store_ = other.store_;
  file_ = std::move(other.file_);
  sha256_ = std::move(other.sha256_);
  size_ = other.size_;
  exact_ = other.exact_;
  keeps_ = other.keeps_;
  written_ = other.written_;
  hasher_ = std::move(other.hasher_);
  return *this;
}

BlobStore::Writer::~Writer() { Leave(); }

void BlobStore::Writer::Leave() {
  if (keeps_) {
    file_.Close();
  } else {
    Discard();
  }
}

// Best effort: what is left in tmp/ is removed by the next Open().
void BlobStore::Writer::Discard() {
  if (!file_.is_open()) return;
  file_.Close();
  unlink(file_.path().c_str());
}

absl::Status BlobStore::Writer::Append(std::string_view data) {
  if (!file_.is_open()) return absl::FailedPreconditionError("the file has been committed");
  if (data.size() > size_ - written_) {
    return absl::InvalidArgumentError(Text("the file ", Hex(sha256_), " is longer than the ", size_,
                                           " bytes that were announced"));
  }
  if (absl::Status status = store_->files_.Write(file_, data); !status.ok()) return status;
  hasher_.Update(data);
  written_ += data.size();
  return absl::OkStatus();
}

absl::Status BlobStore::Writer::Commit() {
  if (!file_.is_open()) return absl::FailedPreconditionError("the file has been committed");
  if (exact_ && written_ != size_) {
    return absl::InvalidArgumentError(
        Text("the file ", Hex(sha256_), " ends after ", written_, " of ", size_, " bytes"));
  }
  if (const std::string is = hasher_.Finish(); is != sha256_) {
    Discard();
    return absl::InvalidArgumentError(Text("the file that came as ", Hex(sha256_),
                                           " is another: its SHA-256 is ", Hex(is),
                                           "; did it change while it was sent? Push again"));
  }
  const Files& files = store_->files_;
  const std::string blob = store_->BlobPath(sha256_);
  const std::string folder = fs::path(blob).parent_path();
  absl::Status status = files.SetMode(file_.path(), kReadOnly);
  if (status.ok()) status = files.Sync(file_);
  if (status.ok()) status = store_->SaveBehind(sha256_, file_.path());
  // A file that is there stays: folders of deployments share it.
  if (status.ok() && !store_->HasHere(sha256_)) {
    status = files.Rename(file_.path(), blob);
    if (status.ok()) file_.Close();
    if (status.ok()) NoteVerified();
  }
  if (status.ok()) status = files.SyncFolder(folder);
  Discard();
  return status;
}

// ---- BlobStore

BlobStore::BlobStore(std::string root, Files::Hook hook)
    : root_(std::move(root)), files_(std::move(hook)) {}
BlobStore::~BlobStore() = default;

absl::StatusOr<std::unique_ptr<BlobStore>> BlobStore::Open(std::string root, Files::Hook hook) {
  std::unique_ptr<BlobStore> store(new BlobStore(std::move(root), std::move(hook)));
  const Files& files = store->files_;
  absl::Status status = files.MakeFolders(store->root_);
  if (status.ok()) status = store->Lock();
  if (status.ok()) status = files.RemoveTree(store->root_ + "/tmp");
  for (const char* folder : {"/tmp", "/blobs", "/bundles", "/partial"}) {
    if (status.ok()) status = files.MakeFolders(store->root_ + folder);
  }
  for (int first = 0; first < 256 && status.ok(); ++first) {
    status = files.MakeFolders(
        fs::path(store->BlobPath(std::string(1, static_cast<char>(first)))).parent_path());
  }
  if (status.ok()) status = files.SyncFolder(store->root_ + "/blobs");
  if (status.ok()) status = files.SyncFolder(store->root_);
  if (!status.ok()) return status;
  return store;
}

// A process that was killed may have left a child that has not yet become another program; it holds
// the lock for some milliseconds more.
absl::Status BlobStore::Lock() {
  const std::string path = root_ + "/lock";
  lock_ = FileDescriptor(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), path);
  if (!lock_.is_open()) return FileError("open", path, errno);
  for (int tries = 0; flock(lock_.get(), LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK && errno != EINTR) return FileError("lock", path, errno);
    if (tries == 100) {
      return absl::FailedPreconditionError(
          Text("another process uses ", root_, "; end it, or choose another folder"));
    }
    poll(nullptr, 0, 10);
  }
  return absl::OkStatus();
}

std::string BlobStore::BlobPath(std::string_view sha256) const {
  const std::string hex = Hex(sha256);
  return Text(root_, "/blobs/", hex.substr(0, 2), "/", hex.substr(2));
}

std::string BlobStore::BundlePath(std::string_view digest) const {
  return Text(root_, "/bundles/", digest);
}

std::string BlobStore::TemporaryPath() {
  const std::lock_guard lock(mutex_);
  return Text(root_, "/tmp/", ++temporaries_);
}

bool BlobStore::Has(std::string_view sha256) const { return HasHere(sha256) || HasBehind(sha256); }

bool BlobStore::HasHere(std::string_view sha256) const {
  return sha256.size() == kSha256Size && access(BlobPath(sha256).c_str(), F_OK) == 0;
}

void BlobStore::Promise(std::string_view sha256) {
  const std::lock_guard lock(mutex_);
  promised_[std::string(sha256)] = absl::Now();
}

std::optional<uint64_t> BlobStore::Find(std::string_view sha256) {
  if (sha256.size() != kSha256Size) return std::nullopt;
  Promise(sha256);
  if (!BringHere(sha256).ok()) return std::nullopt;  // as if it were not there: it is sent again
  struct stat info;
  if (stat(BlobPath(sha256).c_str(), &info) != 0) return std::nullopt;
  return static_cast<uint64_t>(info.st_size);
}

absl::StatusOr<FileDescriptor> BlobStore::OpenBlob(std::string_view sha256) const {
  if (!Has(sha256)) return absl::NotFoundError(Text("no file with SHA-256 ", Hex(sha256), " here"));
  return OpenForReading(BlobPath(sha256));
}

std::vector<std::string> BlobStore::Missing(const v1::Bundle& bundle) {
  std::set<std::string> missing;
  for (const v1::BundleFile& file : bundle.files()) {
    Promise(file.sha256());  // before it is looked for: Collect() must not remove it in between
    if (!Has(file.sha256())) missing.insert(file.sha256());
  }
  return {missing.begin(), missing.end()};
}

absl::StatusOr<BlobStore::Writer> BlobStore::Begin(std::string_view sha256, uint64_t size) {
  absl::StatusOr<Writer> writer = Make(sha256, size, /*exact=*/true);
  if (!writer.ok()) return writer;
  if (absl::Status status = files_.Reserve(writer->file_, size); !status.ok()) return status;
  return writer;
}

absl::StatusOr<BlobStore::Writer> BlobStore::BeginUpTo(std::string_view sha256, uint64_t max_size) {
  return Make(sha256, max_size, /*exact=*/false);
}

absl::StatusOr<BlobStore::Writer> BlobStore::Make(std::string_view sha256, uint64_t size,
                                                  bool exact) {
  if (sha256.size() != kSha256Size) {
    return absl::InvalidArgumentError(
        Text("sha256 has ", sha256.size(), " bytes, not ", kSha256Size));
  }
  if (size > kMaxBundleBytes) {
    return absl::InvalidArgumentError(Text("a file of ", size, " bytes is too long for a bundle"));
  }
  absl::StatusOr<FileDescriptor> file = files_.Create(TemporaryPath());
  if (!file.ok()) return file.status();
  return Writer(this, *std::move(file), std::string(sha256), size, exact);
}

absl::StatusOr<std::string> BlobStore::PutFile(const std::string& path) {
  absl::StatusOr<std::string> sha256 = Sha256OfFile(path);
  if (!sha256.ok() || Has(*sha256)) return sha256;
  absl::StatusOr<FileDescriptor> source = OpenForReading(path);
  if (!source.ok()) return source.status();
  struct stat info;
  if (fstat(source->get(), &info) != 0) return FileError("read", path, errno);
  absl::StatusOr<Writer> writer = Begin(*sha256, static_cast<uint64_t>(info.st_size));
  if (!writer.ok()) return writer.status();
  absl::Status status =
      ReadPieces(*source, [&](std::string_view piece) { return writer->Append(piece); });
  if (status.ok()) status = writer->Commit();
  if (!status.ok()) return status;
  return sha256;
}

absl::StatusOr<std::string> BlobStore::PutBundle(const v1::Bundle& bundle) {
  if (absl::Status valid = ValidateBundle(bundle); !valid.ok()) return valid;
  for (const v1::BundleFile& file : bundle.files()) {
    if (!Has(file.sha256())) return NotHere(file);
  }
  const std::string bytes = SerializeBundle(bundle);
  if (bytes.size() > kMaxBundleIndexBytes) {
    return absl::InvalidArgumentError(
        Text("the bundle's index has ", bytes.size(), " bytes, more than ", kMaxBundleIndexBytes));
  }
  std::string digest = Hex(Sha256Of(bytes));
  absl::Status status;
  if (!GetBundle(digest).ok()) {
    status = files_.WriteDurably(TemporaryPath(), BundlePath(digest), bytes, kReadOnly);
  }
  if (status.ok()) status = SaveBundleBehind(bundle, digest);
  if (!status.ok()) return status;
  return digest;
}

absl::StatusOr<v1::Bundle> BlobStore::GetBundle(std::string_view digest) const {
  absl::StatusOr<std::string> sha256 = Sha256FromHex(digest);
  if (!sha256.ok()) return sha256.status();
  const std::string path = BundlePath(digest);
  absl::StatusOr<std::string> bytes = ReadFile(path, kMaxBundleIndexBytes);
  if (absl::IsNotFound(bytes.status()) && behind_ != nullptr) {
    if (absl::Status status = BringBundleHere(digest); !status.ok()) return status;
    bytes = ReadFile(path, kMaxBundleIndexBytes);
  }
  if (absl::IsNotFound(bytes.status())) {
    return absl::NotFoundError(Text("there is no bundle ", digest, " in ", root_));
  }
  if (!bytes.ok()) return bytes.status();
  if (Sha256Of(*bytes) != *sha256) {
    return absl::DataLossError(Text(path, " is damaged: its SHA-256 is another; push again"));
  }
  return ParseBundle(*bytes);
}

}  // namespace chains::deploy
