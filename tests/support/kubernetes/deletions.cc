// How objects go: Writer::Delete() and what is collected after it.
#include <algorithm>
#include <string>
#include <utility>

#include "chains/core/text.h"
#include "tests/support/kubernetes/refusal.h"
#include "tests/support/kubernetes/writer.h"

namespace chains::deploy::fake {
namespace {

constexpr char kForeground[] = "foregroundDeletion";
constexpr char kOrphan[] = "orphan";

bool Has(const Json& object, const std::string& finalizer) {
  const Json& finalizers = At(object, "/metadata/finalizers");
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

void Add(Json& object, const std::string& finalizer) {
  Json& meta = object["metadata"];
  if (!meta.contains("finalizers")) meta["finalizers"] = Json::array();
  if (!Has(object, finalizer)) meta["finalizers"].push_back(finalizer);
}

void Drop(Json& object, const std::string& finalizer) {
  Json kept = Json::array();
  for (const Json& each : At(object, "/metadata/finalizers")) {
    if (each != finalizer) kept.push_back(each);
  }
  object["metadata"]["finalizers"] = std::move(kept);
}

bool IsOwnedBy(const Json& object, const std::string& uid) {
  const Json& owners = At(object, "/metadata/ownerReferences");
  return std::any_of(owners.begin(), owners.end(),
                     [&uid](const Json& owner) { return StringAt(owner, "/uid") == uid; });
}

// How long it has: a pod that nobody runs has nothing to finish.
int64_t GraceOf(const Json& object, const Json& options) {
  if (StringAt(object, "/kind") != "Pod" || StringAt(object, "/spec/nodeName").empty()) return 0;
  const std::string phase = StringAt(object, "/status/phase");
  if (phase == "Failed" || phase == "Succeeded") return 0;
  const int64_t own = IntAt(object, "/spec/terminationGracePeriodSeconds", 30);
  const int64_t asked = IntAt(options, "/gracePeriodSeconds", own);
  return std::max<int64_t>(asked, 0);
}

}  // namespace

HttpResponse Writer::Delete(const ObjectKey& key, const Json& options, bool dry_run) {
  const Stored* const known = store_.Find(key);
  if (known == nullptr) return NotFound(key);
  const std::string uid = StringAt(options, "/preconditions/uid");
  const std::string version = StringAt(options, "/preconditions/resourceVersion");
  if (!uid.empty() && uid != UidOf(known->object)) {
    return Conflict(key, Text("Precondition failed: UID in precondition: ", uid,
                              ", UID in object meta: ", UidOf(known->object)));
  }
  if (!version.empty() && version != ResourceVersionOf(known->object)) {
    return Conflict(key,
                    Text("Precondition failed: ResourceVersion in precondition: ", version,
                         ", ResourceVersion in object meta: ", ResourceVersionOf(known->object)));
  }
  if (dry_run) return Answer(200, known->object);
  Stored next = *known;
  Json& meta = next.object["metadata"];
  const int64_t grace = GraceOf(next.object, options);
  const bool again = IsBeingDeleted(next.object);
  if (again && grace >= IntAt(meta, "/deletionGracePeriodSeconds")) return Answer(200, next.object);
  meta["deletionTimestamp"] = TimeText(now_ + absl::Seconds(grace));
  meta["deletionGracePeriodSeconds"] = grace;
  const std::string propagation = StringAt(options, "/propagationPolicy");
  if (propagation == "Foreground") Add(next.object, kForeground);
  if (propagation == "Orphan") Add(next.object, kOrphan);
  return Answer(200, store_.Put(key, std::move(next), now_));
}

const Stored* Writer::OwnerOf(const Json& owner, const std::string& in_namespace) const {
  const Resource* const resource =
      FindKind(StringAt(owner, "/apiVersion"), StringAt(owner, "/kind"));
  if (resource == nullptr) return nullptr;
  const Stored* const found =
      store_.Find({resource, resource->namespaced ? in_namespace : "", StringAt(owner, "/name")});
  return found != nullptr && UidOf(found->object) == StringAt(owner, "/uid") ? found : nullptr;
}

// Whether all its owners are gone, or wait for it to go first.
bool Writer::IsOrphan(const Json& object) const {
  const Json& owners = At(object, "/metadata/ownerReferences");
  if (owners.empty()) return false;
  return std::all_of(owners.begin(), owners.end(), [&](const Json& owner) {
    const Stored* const found = OwnerOf(owner, NamespaceOf(object));
    return found == nullptr || (IsBeingDeleted(found->object) && Has(found->object, kForeground));
  });
}

// Whether there is something to do; and does it.
bool Writer::Collect(bool really) {
  for (const auto& [key, stored] : store_.all()) {
    const Json& object = stored.object;
    if (key.resource->namespaced && !IsBeingDeleted(object)) {
      const ObjectKey of_space{FindKind("v1", "Namespace"), "", key.in_namespace};
      if (IsOrphan(object) || store_.Find(of_space) == nullptr) {
        if (!really) return true;
        const ObjectKey victim = key;
        Delete(victim, {{"preconditions", {{"uid", UidOf(object)}}}}, false);
        return true;
      }
    }
    if (!IsBeingDeleted(object)) continue;
    const std::string uid = UidOf(object);
    const auto dependent =
        std::find_if(store_.all().begin(), store_.all().end(),
                     [&uid](const auto& each) { return IsOwnedBy(each.second.object, uid); });
    const bool orphans = Has(object, kOrphan);
    if (orphans && dependent != store_.all().end()) {
      if (!really) return true;
      Stored freed = dependent->second;
      freed.object["metadata"]["ownerReferences"] = Json::array();
      store_.Put(ObjectKey(dependent->first), std::move(freed), now_);
      return true;
    }
    if (dependent == store_.all().end() && (orphans || Has(object, kForeground))) {
      if (!really) return true;
      Stored done = stored;
      Drop(done.object, orphans ? kOrphan : kForeground);
      store_.Put(ObjectKey(key), std::move(done), now_);
      return true;
    }
  }
  return false;
}

}  // namespace chains::deploy::fake
