// ApiKeys: who may call. Keys are kept as hashes; a key itself is nowhere at rest.
//
// A file of keys has one a line: the SHA-256 of the key in hexadecimal, and after a space what it
// is called, if anything, what it is for (key_validity.h), and its limits (limit_words.h). Empty
// lines and lines that begin with # are skipped.
//
//   printf '%s' "$KEY" | sha256sum >> keys
//   2bb8…  phone chain=hello expires=2026-12-31T00:00:00Z rate=50/s
//
// A platform's keys have scopes; only those with `invoke` may call. One that was rotated counts by
// both its texts for a while.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/repeated_ptr_field.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/control.pb.h"
#include "gateway/app/key_validity.h"

namespace chains::gateway {

class ApiKeys {
 public:
  // INVALID_ARGUMENT names the line that is no key, and a file without any; NOT_FOUND the file.
  static absl::StatusOr<ApiKeys> Load(const std::string& file);
  static absl::StatusOr<ApiKeys> Parse(std::string_view text);
  // What a platform says; without any, nobody may call. INVALID_ARGUMENT: one is no SHA-256.
  static absl::StatusOr<ApiKeys> From(
      const google::protobuf::RepeatedPtrField<v1::KnownKey>& known);

  // By the header Authorization: `Api-Key KEY` or `Bearer KEY`. UNAUTHENTICATED without a key,
  // or with one that is not known; PERMISSION_DENIED with one that may not call (RFC 9110, 15.5.2
  // and 15.5.4). Takes equally long for every key of one length.
  // UNAUTHENTICATED as well: one that has expired.
  absl::Status Check(std::optional<std::string_view> authorization, absl::Time now) const;
  // … and may call that chain. PERMISSION_DENIED: others alone.
  absl::Status CheckFor(std::string_view chain, std::optional<std::string_view> authorization,
                        absl::Time now) const;
  // Whether any of them is for some chains alone; else CheckFor() says what Check() does.
  bool any_restricted() const { return any_restricted_; }
  // Who may ask for other than what is usual: less, or more.
  struct Owner {
    std::string id;  // the same for both texts of a key that was rotated
    v1::KeyLimits limits;
  };
  // Null: it is nobody's key, or one without limits. Takes as long as Check().
  std::shared_ptr<const Owner> OwnerOf(std::optional<std::string_view> authorization,
                                       absl::Time now) const;
  // What a key is, whatever it may do.
  struct Holder {
    std::string name;  // empty: it has none
    bool invoke = false;
    bool manage = false;  // a platform's keys alone
    absl::Time expires = absl::InfiniteFuture();
  };
  // UNAUTHENTICATED as Check() says it. Takes as long as that.
  absl::StatusOr<Holder> HolderOf(std::optional<std::string_view> authorization,
                                  absl::Time now) const;
  // Whether any key has limits; else OwnerOf() is null.
  bool any_limits() const { return !owner_ids_.empty(); }
  const std::set<std::string>& owner_ids() const { return owner_ids_; }
  // Whether it is anybody's key.
  bool Knows(std::optional<std::string_view> authorization) const;

 private:
  using Hash = std::array<unsigned char, 32>;
  struct Known {
    Hash hash = {};
    absl::Time until = absl::InfiniteFuture();  // from then on this text is nobody's
    bool invoke = true;
    bool manage = false;
    std::string name = {};
    KeyValidity validity = {};
    std::shared_ptr<const Owner> owner = nullptr;
  };
  static Hash HashOf(std::string_view key);
  static absl::StatusOr<Known> ParseLine(std::string_view line);
  absl::Status AddKnown(const v1::KnownKey& known);
  void Add(Known known);
  // One that counts; UNAUTHENTICATED.
  absl::StatusOr<const Known*> FindAny(std::optional<std::string_view> authorization,
                                       absl::Time now) const;
  // … and may call; PERMISSION_DENIED.
  absl::StatusOr<const Known*> Find(std::optional<std::string_view> authorization,
                                    absl::Time now) const;

  std::vector<Known> keys_;
  bool any_restricted_ = false;
  std::set<std::string> owner_ids_;
};

}  // namespace chains::gateway
