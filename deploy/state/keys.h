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

// Who calls, by the header Authorization: `Api-Key KEY` or `Bearer KEY`. UNAUTHENTICATED without a
// key, PERMISSION_DENIED with one that is not known or may not do this. Takes equally long for
// every key of one length.
absl::StatusOr<const state::KeyRecord*> FindKey(std::span<const state::KeyRecord> keys,
                                                std::optional<std::string_view> authorization,
                                                v1::KeyScope scope);

// What gateways are told of a key, and what people are.
v1::KnownKey ToKnownKey(const state::KeyRecord& key);
v1::KeyInfo ToKeyInfo(const state::KeyRecord& key);

}  // namespace chains::deploy
