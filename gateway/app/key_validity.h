// KeyValidity: until when a key counts, and for what.
//
//   KeyValidity validity = ValidityOf(known);            // what a platform says of a key
//   if (validity.HasExpired(now)) …
//   if (!validity.MayCall("hello")) …
//
// In a file of keys the same is said after the hash, in words of their own: `chain=hello`, which
// may be repeated, and `expires=2026-12-31T00:00:00Z`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/control.pb.h"

namespace chains::gateway {

struct KeyValidity {
  absl::Time expires = absl::InfiniteFuture();
  std::vector<std::string> chains = {};  // that it is for; empty: all

  bool HasExpired(absl::Time now) const { return now >= expires; }
  bool restricted() const { return !chains.empty(); }
  bool MayCall(std::string_view chain) const;
};

KeyValidity ValidityOf(const v1::KnownKey& known);

// Takes what `word` says; false: it says nothing of this. INVALID_ARGUMENT: no time, or no name.
absl::StatusOr<bool> TakeWord(std::string_view word, KeyValidity& validity);

// UNAUTHENTICATED (RFC 6750, 3.1, has expired tokens so), and when that was.
absl::Status Expired(const KeyValidity& validity);
// PERMISSION_DENIED, and what the key is for instead.
absl::Status NotForChain(const KeyValidity& validity, std::string_view chain);

}  // namespace chains::gateway
