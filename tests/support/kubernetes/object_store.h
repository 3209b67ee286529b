// ObjectStore: the objects of a cluster, and all that happened to them, numbered: what lists read,
// and watches follow.
//
//   ObjectStore store;
//   store.Put(key, {.object = pod}, now);
//   for (const Change& change : store.changes()) …
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "deploy/apiserver/object.h"
#include "tests/support/kubernetes/fields.h"
#include "tests/support/kubernetes/resources.h"

namespace chains::deploy::fake {

struct ObjectKey {
  const Resource* resource = nullptr;
  std::string in_namespace, name;

  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

// Who set fields: by name and way ("Apply", "Update").
struct Manager {
  std::string name, operation, subresource;

  friend auto operator<=>(const Manager&, const Manager&) = default;
};

struct Stored {
  Json object;
  std::map<Manager, PathSet> managers = {};
};

struct Change {
  uint64_t version = 0;
  ObjectKey key;
  Json before, after;  // null: it is not there
};

// Not thread-safe.
class ObjectStore {
 public:
  const Stored* Find(const ObjectKey& key) const;
  const std::map<ObjectKey, Stored>& all() const { return all_; }

  // Gives it the next version; and, where it is new, uid and time of creation. What is being
  // deleted and has no finalizer any more is gone. The result: as it is now.
  Json Put(const ObjectKey& key, Stored stored, absl::Time now);
  void Erase(const ObjectKey& key);

  uint64_t version() const { return version_; }
  const std::deque<Change>& changes() const { return changes_; }
  // Watches and pages that begin before this are Gone.
  uint64_t oldest() const { return oldest_; }
  // Forgets all that happened.
  void Compact();

  // After every change.
  std::function<void()> on_change;

 private:
  void Note(const ObjectKey& key, Json before, Json after);

  std::map<ObjectKey, Stored> all_;
  std::deque<Change> changes_;
  uint64_t version_ = 1000;
  uint64_t oldest_ = 1000;
  uint64_t made_ = 0;
};

std::string TimeText(absl::Time time);

}  // namespace chains::deploy::fake
