#include "deploy/cli/push/upload.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <memory>
#include <set>
#include <unistd.h>
#include <utility>
#include <vector>

#include "chains/core/blocking.h"
#include "chains/core/text.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;
// A file of many GiB over a slow line takes its time.
constexpr absl::Duration kUploadPatience = absl::Hours(12);

// One file that is sent. Content that is in the bundle at several paths is sent once.
struct Missing {
  std::string sha256;
  uint64_t size;
  std::filesystem::path path;
};

struct Sending {
  std::vector<Missing> files;
  std::function<void(uint64_t, uint64_t)> progress;
  uint64_t sent = 0;
  uint64_t total = 0;
};

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : path_(path.string()),
        descriptor_(open(path_.c_str(), O_RDONLY | O_CLOEXEC)),
        problem_(descriptor_ < 0 ? errno : 0) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;

  // Up to a piece; less at the end of the file only.
  absl::StatusOr<std::string> Read() {
    if (problem_ != 0) return Unreadable(problem_);
    std::string piece(kPieceBytes, '\0');
    size_t filled = 0;
    while (filled < piece.size()) {
      const ssize_t count = read(descriptor_, piece.data() + filled, piece.size() - filled);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return Unreadable(errno);
      if (count == 0) break;
      filled += static_cast<size_t>(count);
    }
    piece.resize(filled);
    return piece;
  }

 private:
  absl::Status Unreadable(int problem) const {
    return absl::FailedPreconditionError(Text("cannot read ", path_, ": ", std::strerror(problem)));
  }

  const std::string path_;
  const int descriptor_;
  const int problem_;
};

absl::Status Changed(const Missing& file) {
  return absl::AbortedError(Text(file.path.string(), " changed while it was uploaded: push again"));
}

Stream<v1::UploadRequest> Pieces(Sending* sending) {
  for (const Missing& missing : sending->files) {
    File file(missing.path);
    uint64_t left = missing.size;
    bool first = true;
    while (first || left > 0) {
      std::string data = co_await Blocking([&] { return file.Read(); });
      if (data.size() > left || (data.empty() && left > 0)) co_await Changed(missing);
      left -= data.size();
      sending->sent += data.size();
      v1::UploadRequest piece;
      if (first) {
        piece.set_sha256(missing.sha256);
        piece.set_size(missing.size);
      }
      first = false;
      piece.set_data(std::move(data));
      co_yield std::move(piece);
      sending->progress(sending->sent, sending->total);
    }
  }
}

Task<void> SendAll(Task<v1::UploadResponse> call) { co_await std::move(call); }

absl::StatusOr<std::vector<Missing>> FindMissing(PlatformClient& platform,
                                                 const BuiltChain& chain) {
  v1::FindMissingRequest request;
  *request.mutable_bundle() = chain.bundle;
  const absl::StatusOr<v1::FindMissingResponse> response =
      platform.Call(&v1::Platform::FindMissing, std::move(request));
  if (!response.ok()) return response.status();
  const std::set<std::string> lacking(response->sha256().begin(), response->sha256().end());
  std::map<std::string, Missing> missing;
  for (const v1::BundleFile& file : chain.bundle.files()) {
    if (!lacking.contains(file.sha256())) continue;
    const auto found = chain.files.find(file.path());
    if (found == chain.files.end()) {
      return absl::InternalError(Text("nobody knows where ", file.path(), " of the bundle is"));
    }
    missing.try_emplace(file.sha256(), Missing{file.sha256(), file.size(), found->second});
  }
  std::vector<Missing> files;
  for (auto& [sha256, file] : missing) files.push_back(std::move(file));
  return files;
}

absl::StatusOr<Uploaded> UploadOnce(PlatformClient& platform, const BuiltChain& chain,
                                    const std::function<void(uint64_t, uint64_t)>& progress,
                                    const std::stop_token& stop) {
  absl::StatusOr<std::vector<Missing>> missing = FindMissing(platform, chain);
  if (!missing.ok()) return missing.status();
  Uploaded uploaded{.files = static_cast<int>(missing->size())};
  uploaded.kept = chain.bundle.files_size() - uploaded.files;
  Sending sending{.files = *std::move(missing), .progress = progress};
  for (const Missing& file : sending.files) sending.total += file.size;
  uploaded.bytes = sending.total;
  if (sending.files.empty()) return uploaded;
  const absl::Status sent =
      platform.Run([&sending](v1::Platform& to) { return SendAll(to.Upload(Pieces(&sending))); },
                   {.timeout = kUploadPatience, .stop = stop});
  if (!sent.ok()) return sent;
  return uploaded;
}

}  // namespace

absl::StatusOr<Uploaded> UploadMissing(PlatformClient& platform, const BuiltChain& chain,
                                       const std::function<void(uint64_t, uint64_t)>& progress,
                                       std::stop_token stop) {
  absl::StatusOr<Uploaded> uploaded = UploadOnce(platform, chain, progress, stop);
  if (!absl::IsUnavailable(uploaded.status())) return uploaded;
  return UploadOnce(platform, chain, progress, stop);
}

}  // namespace chains::deploy::cli
