#include "deploy/state/keys.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr std::string_view kBegin = "ck_";
constexpr size_t kLength = 40;  // after that
constexpr size_t kPrefix = 7;
constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

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

absl::StatusOr<NewApiKey> NewKey() {
  // Bytes of the last, incomplete round of the alphabet are left out, or its first letters would
  // come more often than others.
  constexpr size_t kUsable = 256 / kAlphabet.size() * kAlphabet.size();
  NewApiKey key;
  key.text = kBegin;
  std::array<unsigned char, 64> random{};
  while (key.text.size() < kBegin.size() + kLength) {
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
      return absl::InternalError("the system has no random numbers for a key");
    }
    for (const unsigned char byte : random) {
      if (byte >= kUsable || key.text.size() == kBegin.size() + kLength) continue;
      key.text += kAlphabet[byte % kAlphabet.size()];
    }
  }
  OPENSSL_cleanse(random.data(), random.size());
  key.sha256 = HashKey(key.text);
  key.prefix = key.text.substr(0, kPrefix);
  return key;
}

std::string HashKey(std::string_view text) {
  std::string hash(32, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(hash.data()), nullptr,
             EVP_sha256(), nullptr);
  return hash;
}

bool Allows(const state::KeyRecord& key, v1::KeyScope scope) {
  return std::any_of(key.scopes().begin(), key.scopes().end(), [scope](int has) {
    return has != v1::KEY_SCOPE_UNKNOWN && (has == scope || has == v1::KEY_SCOPE_MANAGE);
  });
}

std::string_view ScopeName(v1::KeyScope scope) {
  if (scope == v1::KEY_SCOPE_INVOKE) return "invoke";
  return scope == v1::KEY_SCOPE_MANAGE ? "manage" : "unknown";
}

absl::StatusOr<v1::KeyScope> ParseScope(std::string_view name) {
  for (const v1::KeyScope scope : {v1::KEY_SCOPE_INVOKE, v1::KEY_SCOPE_MANAGE}) {
    if (name == ScopeName(scope)) return scope;
  }
  return absl::InvalidArgumentError(
      Text("there is no scope '", name, "'; there are invoke and manage"));
}

absl::StatusOr<const state::KeyRecord*> FindKey(std::span<const state::KeyRecord> keys,
                                                std::optional<std::string_view> authorization,
                                                v1::KeyScope scope) {
  const std::optional<std::string_view> key = authorization ? KeyIn(*authorization) : std::nullopt;
  if (!key) {
    return absl::UnauthenticatedError(
        "a key is needed: 'Authorization: Api-Key KEY', or 'Bearer KEY'");
  }
  const std::string hash = HashKey(*key);
  const state::KeyRecord* found = nullptr;
  for (const state::KeyRecord& each : keys) {
    if (each.sha256().size() != hash.size()) continue;
    if (CRYPTO_memcmp(each.sha256().data(), hash.data(), hash.size()) == 0) found = &each;
  }
  if (found == nullptr) return absl::PermissionDeniedError("this key is not known here");
  if (Allows(*found, scope)) return found;
  return absl::PermissionDeniedError(Text("the key '", found->name(),
                                          "' is not for this; it needs ", "the scope '",
                                          ScopeName(scope), "'"));
}

v1::KnownKey ToKnownKey(const state::KeyRecord& key) {
  v1::KnownKey known;
  known.set_sha256(key.sha256());
  known.set_invoke(Allows(key, v1::KEY_SCOPE_INVOKE));
  known.set_manage(Allows(key, v1::KEY_SCOPE_MANAGE));
  return known;
}

v1::KeyInfo ToKeyInfo(const state::KeyRecord& key) {
  v1::KeyInfo info;
  info.set_name(key.name());
  *info.mutable_scopes() = key.scopes();
  info.set_created_unix_ms(key.created_unix_ms());
  info.set_prefix(key.prefix());
  return info;
}

}  // namespace chains::deploy
