#include "tests/support/kubernetes/object_store.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "chains/core/text.h"

namespace chains::deploy::fake {
namespace {

constexpr size_t kMaxChanges = 20'000;

Json ManagedFields(const std::map<Manager, PathSet>& managers, const std::string& api_version,
                   const std::string& now) {
  Json entries = Json::array();
  for (const auto& [manager, paths] : managers) {
    if (paths.empty()) continue;
    Json entry = {{"manager", manager.name},   {"operation", manager.operation},
                  {"apiVersion", api_version}, {"time", now},
                  {"fieldsType", "FieldsV1"},  {"fieldsV1", ToFieldsV1(paths)}};
    if (!manager.subresource.empty()) entry["subresource"] = manager.subresource;
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

const Stored* ObjectStore::Find(const ObjectKey& key) const {
  const auto found = all_.find(key);
  return found == all_.end() ? nullptr : &found->second;
}

Json ObjectStore::Put(const ObjectKey& key, Stored stored, absl::Time now) {
  Json& meta = stored.object["metadata"];
  const auto known = all_.find(key);
  if (known == all_.end()) {
    meta["uid"] = absl::StrFormat("00000000-0000-4000-8000-%012x", ++made_);
    meta["creationTimestamp"] = TimeText(now);
  }
  const Json before = known == all_.end() ? Json() : known->second.object;
  if (IsBeingDeleted(stored.object) && At(meta, "/finalizers").empty() &&
      IntAt(meta, "/deletionGracePeriodSeconds") == 0) {
    if (!before.is_null()) Erase(key);
    return stored.object;
  }
  meta["resourceVersion"] = Text(version_ + 1);
  meta["managedFields"] =
      ManagedFields(stored.managers, key.resource->api_version(), TimeText(now));
  Json after = stored.object;
  all_[key] = std::move(stored);
  Note(key, before, after);
  return after;
}

void ObjectStore::Erase(const ObjectKey& key) {
  const auto found = all_.find(key);
  if (found == all_.end()) return;
  Json before = std::move(found->second.object);
  all_.erase(found);
  Note(key, std::move(before), Json());
}

void ObjectStore::Note(const ObjectKey& key, Json before, Json after) {
  changes_.push_back(
      {.version = ++version_, .key = key, .before = std::move(before), .after = std::move(after)});
  if (changes_.size() > kMaxChanges) {
    oldest_ = changes_.front().version;
    changes_.pop_front();
  }
  if (on_change) on_change();
}

void ObjectStore::Compact() {
  oldest_ = version_;
  changes_.clear();
}

}  // namespace chains::deploy::fake
