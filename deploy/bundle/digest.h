// SHA-256, by which files and bundles are known.
//
//   absl::StatusOr<std::string> sha256 = Sha256OfFile("/usr/bin/env");
//   std::string digest = Hex(*sha256);
//
// What is called sha256 has 32 bytes, as in chains.v1.BundleFile; a digest is the same in
// hexadecimal, 64 digits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/status/statusor.h"

struct evp_md_ctx_st;

namespace chains::deploy {

inline constexpr size_t kSha256Size = 32;

// Takes data in pieces. Move-only.
class Hasher {
 public:
  Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void Update(std::string_view data);
  // Of all that came. Once.
  std::string Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string Sha256Of(std::string_view data);

// What cannot be read is named. Blocks.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

std::string Hex(std::string_view bytes);
// INVALID_ARGUMENT: these are not 64 hexadecimal digits.
absl::StatusOr<std::string> Sha256FromHex(std::string_view hex);

// Digests of files by place, so that a file is read again only when it has changed: by size, time
// of change and inode. Thread-safe. It holds one entry for each path that it was asked for.
class DigestCache {
 public:
  absl::StatusOr<std::string> Of(const std::string& path);

 private:
  using Identity = std::tuple<uint64_t, uint64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;
  struct Known {
    Identity identity;
    std::string digest;
  };
  static absl::StatusOr<Identity> IdentityOf(const std::string& path);

  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace chains::deploy
