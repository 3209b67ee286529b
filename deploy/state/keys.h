// Keys of those who call chains and who change what is deployed.
//
//   absl::StatusOr<NewApiKey> key = NewKey();
//   record.set_sha256(key->sha256);      // what is kept; key->text is shown once
//   …
//   absl::StatusOr<const state::KeyRecord*> who =
//       FindKey(records, header, v1::KEY_SCOPE_MANAGE);
//
// A key has 238 bits from the system's random numbers, so that a plain hash of it gives nothing
// away.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/control.pb.h"
#include "chains/v1/platform.pb.h"
#include "deploy/state/state.pb.h"

namespace chains::deploy {

struct NewApiKey {
  std::string text;    // "ck_" and 40 letters and digits
  std::string sha256;  // 32 bytes
  std::string prefix;  // the first characters, to recognize it: "ck_3fQ9"
};
// INTERNAL: the system has no random numbers.
absl::StatusOr<NewApiKey> NewKey();

// The SHA-256 of a key's text: 32 bytes.
std::string HashKey(std::string_view text);

// Whether the key may do what needs `scope`. Who may manage may invoke.
bool Allows(const state::KeyRecord& key, v1::KeyScope scope);

// "invoke", "manage".
std::string_view ScopeName(v1::KeyScope scope);
// INVALID_ARGUMENT lists what there is.
absl::StatusOr<v1::KeyScope> ParseScope(std::string_view name);

// Whose key is shown, by the header Authorization: `Api-Key KEY` or `Bearer KEY`. Null: nobody's. A
// key that has expired is its owner's still. Takes equally long for every key of one length.
const state::KeyRecord* OwnerOf(std::span<const state::KeyRecord> keys,
                                std::optional<std::string_view> authorization, absl::Time now);
// Who calls, if he may. UNAUTHENTICATED without a key, PERMISSION_DENIED with one that is not
// known, has expired or may not do this.
absl::StatusOr<const state::KeyRecord*> FindKey(std::span<const state::KeyRecord> keys,
                                                std::optional<std::string_view> authorization,
                                                v1::KeyScope scope, absl::Time now);

bool HasExpired(const state::KeyRecord& key, absl::Time now);
// When what is made `now` and is good for so long expires, in Unix milliseconds; 0 for 0: never.
// INVALID_ARGUMENT: negative, or more than ten years.
absl::StatusOr<int64_t> ExpiryOf(int64_t expires_in_ms, absl::Time now);

// How long the text that a key had may count after it was rotated.
inline constexpr absl::Duration kLongestGrace = absl::Hours(24 * 30);
// Gives it the text `made`; the one that it has now counts until `now` + `grace`, and what it had
// before that no more.
void Rotate(state::KeyRecord& key, const NewApiKey& made, absl::Time now, absl::Duration grace);

// What gateways are told of a key, and what people are.
v1::KnownKey ToKnownKey(const state::KeyRecord& key);
v1::KeyInfo ToKeyInfo(const state::KeyRecord& key);

}  // namespace chains::deploy
