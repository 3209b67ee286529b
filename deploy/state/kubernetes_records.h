// Records of a store as objects of Kubernetes: keys, names, and what is in them. Pure.
//
//   absl::StatusOr<std::vector<KeptRecord>> puts = PutsOf(change);
//   Json secret = ToSecret({"chains", "chains-state"}, puts->front(), generation);
//   …
//   absl::Status added = AddRecord(key, RecordIn(secret), contents);
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/apiserver/object.h"
#include "deploy/state/state.pb.h"
#include "deploy/state/store.h"

namespace chains::deploy {

// Of the data in a Secret, as the API server counts it.
inline constexpr size_t kMostOfSecret = 1 << 20;

struct KeptRecord {
  std::string key;    // its kind and what identifies it: the same for no other record
  std::string label;  // the same for people: "environment hello/production"
  std::string bytes;
};

// Where objects are.
struct StatePlace {
  std::string in_namespace;
  std::string prefix;  // of their names
};

// What a change puts; of two records with one key the last. INVALID_ARGUMENT: one has text that is
// not UTF-8, or is larger than an object may be.
absl::StatusOr<std::vector<KeptRecord>> PutsOf(const Store::Change& change);
// The keys of what it deletes.
std::vector<std::string> DeletionsOf(const Store::Change& change);

// Which generation of each record counts, by key.
using RecordIndex = std::map<std::string, std::string>;
RecordIndex IndexOf(const state::StoreHead& head);
void SetIndex(const RecordIndex& index, state::StoreHead& head);

// A valid name, of this key and generation alone, which begins with what people know it by.
std::string SecretName(const StatePlace& place, std::string_view key, std::string_view generation);
// A label selector for all of them but the head.
std::string SelectorOf(const StatePlace& place);

Json ToSecret(const StatePlace& place, const KeptRecord& record, const std::string& generation);
std::string HeadName(const StatePlace& place);
// INVALID_ARGUMENT: there are more records than an object can name.
absl::StatusOr<Json> ToSecret(const StatePlace& place, const state::StoreHead& head,
                              const std::string& resource_version);

// DATA_LOSS: it is none, or was changed by somebody else.
absl::StatusOr<state::StoreHead> HeadIn(const Json& secret);
// Adds what `secret` has to contents; null: it is missing. DATA_LOSS names it.
absl::Status AddRecord(std::string_view key, const Json* secret, Store::Contents& contents);
// As Store::Load() has them.
void Sort(Store::Contents& contents);

}  // namespace chains::deploy
