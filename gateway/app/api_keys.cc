#include "gateway/app/api_keys.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

bool IsHash(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

// What follows the scheme; nullopt where it is another scheme, or nothing follows.
std::optional<std::string_view> KeyIn(std::string_view authorization) {
  for (const char* scheme : {"Api-Key ", "Bearer "}) {
    if (!absl::StartsWithIgnoreCase(ToAbsl(authorization), scheme)) continue;
    const std::string_view key =
        ToStd(absl::StripAsciiWhitespace(ToAbsl(authorization.substr(strlen(scheme)))));
    if (!key.empty()) return key;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<ApiKeys> ApiKeys::Load(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return absl::NotFoundError(Text("cannot read '", file, "': ", strerror(errno)));
  }
  absl::StatusOr<ApiKeys> keys = Parse(text.str());
  if (keys.ok()) return keys;
  return absl::Status(keys.status().code(), Text(file, ": ", MessageOf(keys.status())));
}

absl::StatusOr<ApiKeys> ApiKeys::Parse(std::string_view text) {
  ApiKeys keys;
  int number = 0;
  for (const absl::string_view whole : absl::StrSplit(ToAbsl(text), '\n')) {
    ++number;
    const std::string_view line = ToStd(absl::StripAsciiWhitespace(whole));
    if (line.empty() || line.starts_with('#')) continue;
    const std::string_view hash = line.substr(0, line.find_first_of(" \t"));
    if (!IsHash(hash)) {
      return absl::InvalidArgumentError(Text(
          "line ", number, " does not begin with the SHA-256 of a key, 64 hexadecimal digits"));
    }
    const std::string bytes = absl::HexStringToBytes(ToAbsl(hash));
    std::copy(bytes.begin(), bytes.end(), keys.hashes_.emplace_back().begin());
  }
  if (keys.hashes_.empty()) return absl::InvalidArgumentError("there is no key in it");
  return keys;
}

absl::Status ApiKeys::Check(std::optional<std::string_view> authorization) const {
  const std::optional<std::string_view> key = authorization ? KeyIn(*authorization) : std::nullopt;
  if (!key) {
    return absl::UnauthenticatedError(
        "a key is needed: 'Authorization: Api-Key KEY', or 'Bearer KEY'");
  }
  const Hash hash = HashOf(*key);
  bool known = false;
  for (const Hash& each : hashes_)
    known |= CRYPTO_memcmp(each.data(), hash.data(), hash.size()) == 0;
  if (!known) return absl::PermissionDeniedError("this key is not known here");
  return absl::OkStatus();
}

ApiKeys::Hash ApiKeys::HashOf(std::string_view key) {
  Hash hash{};
  EVP_Digest(key.data(), key.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  return hash;
}

}  // namespace chains::gateway
