#include "gateway/app/key_validity.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kChain = "chain=";
constexpr std::string_view kExpires = "expires=";

std::string Shown(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

}  // namespace

bool KeyValidity::MayCall(std::string_view chain) const {
  return chains.empty() || std::find(chains.begin(), chains.end(), chain) != chains.end();
}

KeyValidity ValidityOf(const v1::KnownKey& known) {
  KeyValidity validity;
  if (known.expires_unix_ms() != 0) {
    validity.expires = absl::FromUnixMillis(known.expires_unix_ms());
  }
  validity.chains.assign(known.chains().begin(), known.chains().end());
  return validity;
}

absl::StatusOr<bool> TakeWord(std::string_view word, KeyValidity& validity) {
  if (word.starts_with(kChain)) {
    if (word.size() == kChain.size()) return absl::InvalidArgumentError("chain= names no chain");
    validity.chains.emplace_back(word.substr(kChain.size()));
    return true;
  }
  if (!word.starts_with(kExpires)) return false;
  std::string why;
  if (absl::ParseTime(absl::RFC3339_full, ToAbsl(word.substr(kExpires.size())), &validity.expires,
                      &why)) {
    return true;
  }
  return absl::InvalidArgumentError(Text("'", word, "' is no time as 2026-12-31T00:00:00Z: ", why));
}

absl::Status Expired(const KeyValidity& validity) {
  return absl::UnauthenticatedError(Text("this key expired at ", Shown(validity.expires)));
}

absl::Status NotForChain(const KeyValidity& validity, std::string_view chain) {
  return absl::PermissionDeniedError(Text("this key may not call the chain '", chain, "', only ",
                                          absl::StrJoin(validity.chains, ", ")));
}

}  // namespace chains::gateway
