#include "deploy/platform/ca.h"

#include <cerrno>
#include <string>
#include <sys/stat.h>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

constexpr size_t kMostBytes = size_t{64} << 10;

// Another platform cannot have the home at the same time, so nobody else makes it meanwhile.
absl::Status Make(const std::string& file) {
  absl::StatusOr<Authority> made = Authority::New(kTrustDomain, absl::Now());
  if (!made.ok()) return made.status();
  const Files files;
  const std::string beside = file + ".new";
  files.Remove(beside).IgnoreError();  // of a start that was cut off
  absl::StatusOr<FileDescriptor> fresh = files.Create(beside);
  if (!fresh.ok()) return fresh.status();
  if (absl::Status written = files.Write(*fresh, made->ToPem()); !written.ok()) return written;
  if (absl::Status synced = files.Sync(*fresh); !synced.ok()) return synced;
  return files.Rename(beside, file);
}

absl::Status CheckMode(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return FileError("look at", file, errno);
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Text(file,
           ": others may read this authority's key, and so be anybody: remove the file for a "
           "new one, and start again"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Authority>> LoadAuthority(const std::filesystem::path& path) {
  const std::string file = path.string();
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0 && errno == ENOENT) {
    if (absl::Status made = Make(file); !made.ok()) return made;
  }
  if (absl::Status own = CheckMode(file); !own.ok()) return own;
  absl::StatusOr<std::string> pem = ReadFile(file, kMostBytes);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<Authority> authority = Authority::FromPem(*std::move(pem));
  if (!authority.ok()) {
    return absl::FailedPreconditionError(Text(file, ": ", MessageOf(authority.status()),
                                              ": bring it back, or remove it for a new one"));
  }
  return std::make_shared<const Authority>(*std::move(authority));
}

}  // namespace chains::deploy
