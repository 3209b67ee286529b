#include "gateway/app/api_keys.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/constant_time.h"
#include "chains/core/text.h"
#include "chains/policy/key_limits.h"
#include "gateway/app/limit_words.h"

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

// Of a hash: 32 of them.
std::array<unsigned char, 32> BytesOf(std::string_view hash) {
  std::array<unsigned char, 32> bytes{};
  std::copy_n(hash.begin(), bytes.size(), bytes.begin());
  return bytes;
}

// Null where all is as usual.
std::shared_ptr<const ApiKeys::Owner> OwnerWith(std::string id, const v1::KeyLimits& limits) {
  if (limits.ByteSizeLong() == 0) return nullptr;
  return std::make_shared<const ApiKeys::Owner>(ApiKeys::Owner{std::move(id), limits});
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

absl::StatusOr<ApiKeys::Known> ApiKeys::ParseLine(std::string_view line) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(ToAbsl(line), absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (!IsHash(ToStd(words.front()))) {
    return absl::InvalidArgumentError(
        "does not begin with the SHA-256 of a key, 64 hexadecimal digits");
  }
  Known known;
  known.hash = BytesOf(absl::HexStringToBytes(words.front()));
  v1::KeyLimits limits;
  for (size_t i = 1; i < words.size(); ++i) {
    // What says nothing of this is of its name.
    absl::StatusOr<bool> taken = TakeWord(ToStd(words[i]), known.validity);
    if (taken.ok() && !*taken) taken = TakeWord(ToStd(words[i]), limits);
    if (!taken.ok()) return taken.status();
    if (!*taken && known.name.empty()) known.name = std::string(words[i]);
  }
  if (absl::Status fine = CheckKeyLimits(limits); !fine.ok()) return fine;
  known.owner = OwnerWith(std::string(words.front()), limits);
  return known;
}

absl::StatusOr<ApiKeys> ApiKeys::Parse(std::string_view text) {
  ApiKeys keys;
  int number = 0;
  for (const absl::string_view whole : absl::StrSplit(ToAbsl(text), '\n')) {
    ++number;
    const std::string_view line = ToStd(absl::StripAsciiWhitespace(whole));
    if (line.empty() || line.starts_with('#')) continue;
    absl::StatusOr<Known> known = ParseLine(line);
    if (!known.ok()) {
      return absl::InvalidArgumentError(Text("line ", number, " ", MessageOf(known.status())));
    }
    keys.Add(*std::move(known));
  }
  if (keys.keys_.empty()) return absl::InvalidArgumentError("there is no key in it");
  return keys;
}

absl::StatusOr<ApiKeys> ApiKeys::From(
    const google::protobuf::RepeatedPtrField<v1::KnownKey>& known) {
  ApiKeys keys;
  for (int i = 0; i < known.size(); ++i) {
    absl::Status added = keys.AddKnown(known[i]);
    if (!added.ok()) {
      return absl::InvalidArgumentError(Text("keys[", i, "].", MessageOf(added)));
    }
  }
  return keys;
}

absl::Status ApiKeys::AddKnown(const v1::KnownKey& known) {
  const std::string& before = known.previous_sha256();
  Known key;
  if (known.sha256().size() != key.hash.size()) {
    return absl::InvalidArgumentError(Text("sha256 has ", known.sha256().size(), " bytes, not 32"));
  }
  if (!before.empty() && before.size() != key.hash.size()) {
    return absl::InvalidArgumentError(
        Text("previous_sha256 has ", before.size(), " bytes, not 32"));
  }
  key.hash = BytesOf(known.sha256());
  key.invoke = known.invoke();
  key.manage = known.manage();
  key.name = known.name();
  key.validity = ValidityOf(known);
  if (absl::Status fine = CheckKeyLimits(known.limits()); !fine.ok()) return fine;
  key.owner = OwnerWith(known.name().empty() ? known.sha256() : known.name(), known.limits());
  Add(key);
  if (before.empty()) return absl::OkStatus();
  key.hash = BytesOf(before);
  key.until = absl::FromUnixMillis(known.previous_until_unix_ms());
  Add(std::move(key));
  return absl::OkStatus();
}

void ApiKeys::Add(Known known) {
  any_restricted_ |= known.validity.restricted();
  if (known.owner != nullptr) owner_ids_.insert(known.owner->id);
  keys_.push_back(std::move(known));
}

absl::StatusOr<const ApiKeys::Known*> ApiKeys::FindAny(
    std::optional<std::string_view> authorization, absl::Time now) const {
  const std::optional<std::string_view> key = authorization ? KeyIn(*authorization) : std::nullopt;
  if (!key) {
    return absl::UnauthenticatedError(
        "a key is needed: 'Authorization: Api-Key KEY', or 'Bearer KEY'");
  }
  const Hash hash = HashOf(*key);
  const Known* found = nullptr;
  AnyIs(keys_, [&](const Known& each) {
    const bool same = SameBytes(each.hash, hash) && now < each.until;
    // The same text may be there twice; one that may call is the better one.
    if (same && (found == nullptr || each.invoke)) found = &each;
    return same;
  });
  if (found == nullptr) return absl::UnauthenticatedError("this key is not known here");
  if (found->validity.HasExpired(now)) return Expired(found->validity);
  return found;
}

absl::StatusOr<const ApiKeys::Known*> ApiKeys::Find(std::optional<std::string_view> authorization,
                                                    absl::Time now) const {
  absl::StatusOr<const Known*> found = FindAny(authorization, now);
  if (!found.ok() || (*found)->invoke) return found;
  return absl::PermissionDeniedError(
      "this key may not call chains: it lacks the scope 'invoke'; make one that has it with "
      "'chains keys create'");
}

absl::Status ApiKeys::Check(std::optional<std::string_view> authorization, absl::Time now) const {
  return Find(authorization, now).status();
}

absl::Status ApiKeys::CheckFor(std::string_view chain,
                               std::optional<std::string_view> authorization,
                               absl::Time now) const {
  const absl::StatusOr<const Known*> found = Find(authorization, now);
  if (!found.ok()) return found.status();
  if ((*found)->validity.MayCall(chain)) return absl::OkStatus();
  return NotForChain((*found)->validity, chain);
}

std::shared_ptr<const ApiKeys::Owner> ApiKeys::OwnerOf(
    std::optional<std::string_view> authorization, absl::Time now) const {
  const absl::StatusOr<const Known*> found = Find(authorization, now);
  return found.ok() ? (*found)->owner : nullptr;
}

absl::StatusOr<ApiKeys::Holder> ApiKeys::HolderOf(std::optional<std::string_view> authorization,
                                                  absl::Time now) const {
  const absl::StatusOr<const Known*> found = FindAny(authorization, now);
  if (!found.ok()) return found.status();
  const Known& key = **found;
  const absl::Time expires = std::min(key.validity.expires, key.until);
  return Holder{.name = key.name, .invoke = key.invoke, .manage = key.manage, .expires = expires};
}

bool ApiKeys::Knows(std::optional<std::string_view> authorization) const {
  const std::optional<std::string_view> key = authorization ? KeyIn(*authorization) : std::nullopt;
  if (!key) return false;
  const Hash hash = HashOf(*key);
  return AnyIs(keys_, [&](const Known& each) { return SameBytes(each.hash, hash); });
}

ApiKeys::Hash ApiKeys::HashOf(std::string_view key) {
  Hash hash{};
  EVP_Digest(key.data(), key.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  return hash;
}

}  // namespace chains::gateway
