#include "deploy/state/keys.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "chains/core/constant_time.h"
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

absl::Time TimeOf(int64_t unix_ms) { return absl::FromUnixMillis(unix_ms); }

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

const state::KeyRecord* OwnerOf(std::span<const state::KeyRecord> keys,
                                std::optional<std::string_view> authorization, absl::Time now) {
  const std::optional<std::string_view> key = authorization ? KeyIn(*authorization) : std::nullopt;
  if (!key) return nullptr;
  const std::string hash = HashKey(*key);
  const state::KeyRecord* found = nullptr;
  AnyIs(keys, [&](const state::KeyRecord& each) {
    const bool now_its = SameBytes(each.sha256(), hash);
    const bool was_its = SameBytes(each.previous_sha256(), hash);
    const bool its = now_its || (was_its && now < TimeOf(each.previous_until_unix_ms()));
    if (its) found = &each;
    return its;
  });
  return found;
}

bool HasExpired(const state::KeyRecord& key, absl::Time now) {
  return key.expires_unix_ms() != 0 && now >= TimeOf(key.expires_unix_ms());
}

absl::StatusOr<int64_t> ExpiryOf(int64_t expires_in_ms, absl::Time now) {
  constexpr absl::Duration kLongest = absl::Hours(24 * 3653);
  if (expires_in_ms == 0) return 0;
  if (expires_in_ms > 0 && absl::Milliseconds(expires_in_ms) <= kLongest) {
    return absl::ToUnixMillis(now + absl::Milliseconds(expires_in_ms));
  }
  return absl::InvalidArgumentError(
      Text("expires_in_ms is ", expires_in_ms, "; up to ten years are possible, and 0 for never"));
}

absl::StatusOr<const state::KeyRecord*> FindKey(std::span<const state::KeyRecord> keys,
                                                std::optional<std::string_view> authorization,
                                                v1::KeyScope scope, absl::Time now) {
  if (!authorization || !KeyIn(*authorization)) {
    return absl::UnauthenticatedError(
        "a key is needed: 'Authorization: Api-Key KEY', or 'Bearer KEY'");
  }
  const state::KeyRecord* const found = OwnerOf(keys, authorization, now);
  if (found == nullptr) return absl::PermissionDeniedError("this key is not known here");
  if (HasExpired(*found, now)) {
    return absl::PermissionDeniedError(
        Text("the key '", found->name(), "' expired at ",
             absl::FormatTime(TimeOf(found->expires_unix_ms()), absl::UTCTimeZone()),
             "; 'chains keys rotate NAME --expires …' gives it a new text and time"));
  }
  if (Allows(*found, scope)) return found;
  return absl::PermissionDeniedError(Text("the key '", found->name(),
                                          "' is not for this; it needs ", "the scope '",
                                          ScopeName(scope), "'"));
}

void Rotate(state::KeyRecord& key, const NewApiKey& made, absl::Time now, absl::Duration grace) {
  key.clear_previous_sha256();
  key.clear_previous_until_unix_ms();
  if (grace > absl::ZeroDuration()) {
    key.set_previous_sha256(key.sha256());
    key.set_previous_until_unix_ms(absl::ToUnixMillis(now + grace));
  }
  key.set_sha256(made.sha256);
  key.set_prefix(made.prefix);
  key.set_rotated_unix_ms(absl::ToUnixMillis(now));
}

v1::KnownKey ToKnownKey(const state::KeyRecord& key) {
  v1::KnownKey known;
  known.set_sha256(key.sha256());
  known.set_invoke(Allows(key, v1::KEY_SCOPE_INVOKE));
  known.set_manage(Allows(key, v1::KEY_SCOPE_MANAGE));
  known.set_name(key.name());
  if (key.has_limits()) *known.mutable_limits() = key.limits();
  *known.mutable_chains() = key.chains();
  known.set_expires_unix_ms(key.expires_unix_ms());
  known.set_previous_sha256(key.previous_sha256());
  known.set_previous_until_unix_ms(key.previous_until_unix_ms());
  return known;
}

v1::KeyInfo ToKeyInfo(const state::KeyRecord& key) {
  v1::KeyInfo info;
  info.set_name(key.name());
  *info.mutable_scopes() = key.scopes();
  info.set_created_unix_ms(key.created_unix_ms());
  info.set_prefix(key.prefix());
  if (key.has_limits()) *info.mutable_limits() = key.limits();
  *info.mutable_chains() = key.chains();
  info.set_expires_unix_ms(key.expires_unix_ms());
  info.set_rotated_unix_ms(key.rotated_unix_ms());
  info.set_previous_until_unix_ms(key.previous_until_unix_ms());
  return info;
}

}  // namespace chains::deploy
