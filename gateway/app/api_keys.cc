#include "gateway/app/api_keys.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <tuple>
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
    keys.Add(absl::HexStringToBytes(ToAbsl(hash)), /*invoke=*/true);
  }
  if (keys.keys_.empty()) return absl::InvalidArgumentError("there is no key in it");
  return keys;
}

absl::StatusOr<ApiKeys> ApiKeys::From(
    const google::protobuf::RepeatedPtrField<v1::KnownKey>& known) {
  ApiKeys keys;
  for (int i = 0; i < known.size(); ++i) {
    const std::string& hash = known[i].sha256();
    if (hash.size() != std::tuple_size_v<Hash>) {
      return absl::InvalidArgumentError(
          Text("keys[", i, "].sha256 has ", hash.size(), " bytes, not 32"));
    }
    keys.Add(hash, known[i].invoke());
  }
  return keys;
}

void ApiKeys::Add(std::string_view hash, bool invoke) {
  Known& known = keys_.emplace_back();
  std::copy(hash.begin(), hash.end(), known.hash.begin());
  known.invoke = invoke;
}

absl::Status ApiKeys::Check(std::optional<std::string_view> authorization) const {
  const std::optional<std::string_view> key = authorization ? KeyIn(*authorization) : std::nullopt;
  if (!key) {
    return absl::UnauthenticatedError(
        "a key is needed: 'Authorization: Api-Key KEY', or 'Bearer KEY'");
  }
  const Hash hash = HashOf(*key);
  bool known = false;
  bool invoke = false;
  for (const Known& each : keys_) {
    const bool same = CRYPTO_memcmp(each.hash.data(), hash.data(), hash.size()) == 0;
    known |= same;
    invoke |= same & each.invoke;
  }
  if (!known) return absl::UnauthenticatedError("this key is not known here");
  if (!invoke) {
    return absl::PermissionDeniedError(
        "this key may not call chains: it lacks the scope 'invoke'; make one that has it with "
        "'chains keys create'");
  }
  return absl::OkStatus();
}

bool ApiKeys::Knows(std::optional<std::string_view> authorization) const {
  const std::optional<std::string_view> key = authorization ? KeyIn(*authorization) : std::nullopt;
  if (!key) return false;
  const Hash hash = HashOf(*key);
  bool known = false;
  for (const Known& each : keys_) {
    known |= CRYPTO_memcmp(each.hash.data(), hash.data(), hash.size()) == 0;
  }
  return known;
}

ApiKeys::Hash ApiKeys::HashOf(std::string_view key) {
  Hash hash{};
  EVP_Digest(key.data(), key.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  return hash;
}

}  // namespace chains::gateway
