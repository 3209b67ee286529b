#include "deploy/bundle/digest.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <utility>

#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "chains/core/text.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {

void Hasher::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Hasher::Hasher() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::Update(std::string_view data) {
  EVP_DigestUpdate(context_.get(), data.data(), data.size());
}

std::string Hasher::Finish() {
  std::string digest(kSha256Size, '\0');
  EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

std::string Sha256Of(std::string_view data) {
  Hasher hasher;
  hasher.Update(data);
  return hasher.Finish();
}

absl::StatusOr<std::string> Sha256OfFile(const std::string& path) {
  absl::StatusOr<FileDescriptor> file = OpenForReading(path);
  if (!file.ok()) return file.status();
  Hasher hasher;
  absl::Status status = ReadPieces(*file, [&](std::string_view piece) {
    hasher.Update(piece);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return hasher.Finish();
}

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(ToAbsl(bytes)); }

absl::StatusOr<std::string> Sha256FromHex(std::string_view hex) {
  if (hex.size() != 2 * kSha256Size || !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
    return absl::InvalidArgumentError(
        Text("'", absl::CHexEscape(ToAbsl(hex.substr(0, 80))),
             "' is no SHA-256 digest: that is 64 hexadecimal digits"));
  }
  return absl::HexStringToBytes(ToAbsl(hex));
}

absl::StatusOr<DigestCache::Identity> DigestCache::IdentityOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FileError("read", path, errno);
  return Identity(info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                  info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
}

absl::StatusOr<std::string> DigestCache::Of(const std::string& path) {
  absl::StatusOr<Identity> identity = IdentityOf(path);
  if (!identity.ok()) return identity.status();
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(path);
    if (known != known_.end() && known->second.identity == *identity) return known->second.digest;
  }
  absl::StatusOr<std::string> digest = Sha256OfFile(path);
  if (!digest.ok()) return digest.status();
  const std::lock_guard lock(mutex_);
  known_[path] = Known{*identity, *digest};
  return digest;
}

}  // namespace chains::deploy
