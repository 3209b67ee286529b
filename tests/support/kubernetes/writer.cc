#include "tests/support/kubernetes/writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "tests/support/kubernetes/defaults.h"
#include "tests/support/kubernetes/refusal.h"
#include "tests/support/kubernetes/rules.h"
#include "tests/support/kubernetes/schema_check.h"

namespace chains::deploy::fake {
namespace {

// What only the server says of an object.
constexpr const char* kServers[] = {"uid",
                                    "creationTimestamp",
                                    "generation",
                                    "deletionTimestamp",
                                    "deletionGracePeriodSeconds",
                                    "managedFields",
                                    "resourceVersion"};

ObjectKey KeyOf(const ApiRequest& request, const std::string& name) {
  return {.resource = request.resource, .in_namespace = request.in_namespace, .name = name};
}

std::string ManagerOf(const ApiRequest& request) {
  const std::string named = request.Query("fieldManager");
  return named.empty() ? "unknown" : named;
}

// Empty: `object` is what the request is about.
std::string Mismatch(const ApiRequest& request, const Json& object) {
  const Resource& resource = *request.resource;
  if (StringAt(object, "/apiVersion") != resource.api_version() ||
      StringAt(object, "/kind") != resource.kind) {
    return Text("the object provided is a ", StringAt(object, "/apiVersion"), " ",
                StringAt(object, "/kind"), ", the path has ", resource.api_version(), " ",
                resource.kind);
  }
  if (!request.name.empty() && NameOf(object) != request.name) {
    return Text("the name of the object (", NameOf(object),
                ") does not match the name on the URL (", request.name, ")");
  }
  const std::string in_namespace = NamespaceOf(object);
  if (!in_namespace.empty() && in_namespace != request.in_namespace) {
    return "the namespace of the provided object does not match the namespace sent on the request";
  }
  return "";
}

// Only what the subresource is about is taken from `wanted`.
Json WithinSubresource(const ApiRequest& request, const Json& before, Json wanted) {
  if (request.subresource.empty()) {
    if (!request.resource->has_status) return wanted;
    wanted.erase("status");
    if (before.contains("status")) wanted["status"] = before["status"];
    return wanted;
  }
  Json next = before;
  if (request.subresource == "status") {
    if (wanted.contains("status")) next["status"] = wanted["status"];
  } else if (request.subresource == "scale") {
    next["spec"]["replicas"] = At(wanted, "/spec/replicas");
  }
  return next;
}

void SetServersFields(const Json& before, Json& next) {
  Json& meta = next["metadata"];
  for (const char* const field : kServers) {
    meta.erase(field);
    if (At(before, "/metadata").contains(field)) meta[field] = before["metadata"][field];
  }
}

std::string Precondition(const Json& before, const Json& object) {
  const std::string version = ResourceVersionOf(object), uid = UidOf(object);
  if (!uid.empty() && uid != UidOf(before)) {
    return Text("Precondition failed: UID in precondition: ", uid,
                ", UID in object meta: ", UidOf(before));
  }
  return version.empty() || version == ResourceVersionOf(before) ? "" : kModified;
}

bool Begins(const Path& path, const Path& with) {
  return path.size() >= with.size() && std::equal(with.begin(), with.end(), path.begin());
}

// A field by which an item of a list is known; it goes with the item.
bool IsKeyOfItem(const Path& path) {
  if (path.size() < 2 || path[path.size() - 2].rfind("k:", 0) != 0) return false;
  const Json keys = Json::parse(path[path.size() - 2].substr(2), nullptr, false);
  return keys.is_object() && keys.contains(path.back().substr(2));
}

bool OthersOwn(const std::map<Manager, PathSet>& managers, const Manager& me, const Path& path) {
  return std::any_of(managers.begin(), managers.end(), [&](const auto& each) {
    if (each.first == me) return false;
    // What others have inside of an item keeps the item.
    const auto found = each.second.lower_bound(path);
    return found != each.second.end() && Begins(*found, path);
  });
}

void Disown(std::map<Manager, PathSet>& managers, const Manager* but, const PathSet& paths) {
  for (auto& [manager, owned] : managers) {
    if (but != nullptr && manager == *but) continue;
    for (const Path& path : paths) owned.erase(path);
  }
}

Json MergePatched(Json target, const Json& patch) {
  target.merge_patch(patch);
  return target;
}

}  // namespace

HttpResponse Writer::Create(const ApiRequest& request, Json object) {
  if (!ResourceVersionOf(object).empty()) {
    return BadRequest("resourceVersion should not be set on objects to be created");
  }
  const std::string prefix = StringAt(object, "/metadata/generateName");
  if (NameOf(object).empty() && !prefix.empty()) {
    object["metadata"]["name"] = Text(prefix, absl::Hex(store_.version() * 7919, absl::kZeroPad5));
  }
  const ObjectKey key = KeyOf(request, NameOf(object));
  if (store_.Find(key) != nullptr) return AlreadyExists(key);
  return Keep(request, key, std::move(object), "Update");
}

HttpResponse Writer::Replace(const ApiRequest& request, Json object) {
  const ObjectKey key = KeyOf(request, request.name);
  const Stored* const before = store_.Find(key);
  if (before == nullptr) return NotFound(key);
  const std::string problem = Precondition(before->object, object);
  if (!problem.empty()) return Conflict(key, problem);
  return Keep(request, key, std::move(object), "Update");
}

HttpResponse Writer::Merge(const ApiRequest& request, const Json& patch) {
  const ObjectKey key = KeyOf(request, request.name);
  const Stored* const before = store_.Find(key);
  if (before == nullptr) return NotFound(key);
  const std::string problem = Precondition(before->object, patch);
  if (!problem.empty()) return Conflict(key, problem);
  return Keep(request, key, MergePatched(before->object, patch), "Update");
}

HttpResponse Writer::Keep(const ApiRequest& request, const ObjectKey& key, Json wanted,
                          const std::string& operation) {
  const std::string mismatch = Mismatch(request, wanted);
  if (!mismatch.empty()) return BadRequest(mismatch);
  const std::vector<std::string> problems = SchemaProblems(wanted, Whole::kApplied);
  if (!problems.empty()) return BadRequest("strict decoding error: " + Lines(problems));
  const Stored* const known = store_.Find(key);
  const Json before = known == nullptr ? Json() : known->object;
  Stored next{.object = WithinSubresource(request, before, std::move(wanted))};
  if (known != nullptr) next.managers = known->managers;
  SetDefaults(next.object);
  const Fields had = before.is_null() ? Fields() : FieldsOf(before);
  const Fields has = FieldsOf(next.object);
  const Manager me{ManagerOf(request), operation, request.subresource};
  const PathSet changed = Changed(had, has);
  PathSet lost;
  for (const auto& [path, value] : had) {
    if (has.count(path) == 0) lost.insert(path);
  }
  Disown(next.managers, nullptr, lost);
  Disown(next.managers, &me, changed);
  if (!changed.empty()) next.managers[me].insert(changed.begin(), changed.end());
  return KeepStored(request, key, std::move(next), before);
}

HttpResponse Writer::KeepStored(const ApiRequest& request, const ObjectKey& key, Stored next,
                                const Json& before) {
  const bool is_new = before.is_null();
  if (key.resource->namespaced) {
    next.object["metadata"]["namespace"] = key.in_namespace;
    const ObjectKey of_space{FindKind("v1", "Namespace"), "", key.in_namespace};
    const Stored* const space = store_.Find(of_space);
    if (is_new && space == nullptr) return NotFound(of_space);
    if (is_new && IsBeingDeleted(space->object)) {
      return Refusal(403, "Forbidden",
                     Text("namespace ", key.in_namespace, " is being terminated"));
    }
  }
  SetDefaults(next.object);
  SetServersFields(before, next.object);
  std::vector<std::string> problems = SchemaProblems(next.object);
  if (problems.empty()) problems = RuleProblems(next.object);
  if (problems.empty() && !is_new) problems = ChangeProblems(before, next.object);
  if (!problems.empty()) return Invalid(key, problems);
  if (next.object.contains("spec") && (is_new || before["spec"] != next.object["spec"])) {
    next.object["metadata"]["generation"] = IntAt(before, "/metadata/generation") + 1;
  }
  const Stored* const known = store_.Find(key);
  if (known != nullptr && known->object == next.object && known->managers == next.managers) {
    return Answer(200, known->object);  // nothing changes, so nobody hears of it
  }
  if (request.QueryIs("dryRun", "All")) return Answer(is_new ? 201 : 200, next.object);
  return Answer(is_new ? 201 : 200, store_.Put(key, std::move(next), now_));
}

HttpResponse Writer::Apply(const ApiRequest& request, Json applied) {
  if (request.Query("fieldManager").empty()) {
    return Refusal(422, "Invalid",
                   "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: "
                   "Required value: is required for apply patch");
  }
  if (!At(applied, "/metadata/managedFields").is_null()) {
    return BadRequest("metadata.managedFields must be nil");
  }
  const std::string mismatch = Mismatch(request, applied);
  if (!mismatch.empty()) return BadRequest(mismatch);
  const std::vector<std::string> problems = SchemaProblems(applied, Whole::kApplied);
  if (!problems.empty()) {
    return BadRequest("failed to create typed patch object: " + Lines(problems));
  }
  const ObjectKey key = KeyOf(request, request.name);
  if (const Stored* const before = store_.Find(key)) {
    const std::string problem = Precondition(before->object, applied);
    if (!problem.empty()) return Conflict(key, problem);
  } else if (!request.subresource.empty() || !UidOf(applied).empty()) {
    return NotFound(key);
  }
  return ApplyOver(request, key, applied);
}

HttpResponse Writer::ApplyOver(const ApiRequest& request, const ObjectKey& key,
                               const Json& applied) {
  const Stored* const known = store_.Find(key);
  const Json before = known == nullptr ? Json() : known->object;
  const Manager me{ManagerOf(request), "Apply", request.subresource};
  const PathSet mine = PathsOf(FieldsOf(applied));
  Stored next{.object = WithinSubresource(request, before, Merged(before, applied))};
  if (known != nullptr) next.managers = known->managers;
  PathSet gone;
  for (const Path& path : next.managers[me]) {
    if (mine.count(path) != 0 || OthersOwn(next.managers, me, path)) continue;
    if (IsKeyOfItem(path)) continue;
    Remove(next.object, path);
    gone.insert(path);
  }
  PathSet changed;
  const Fields had = before.is_null() ? Fields() : FieldsOf(before);
  for (const Path& path : Changed(had, FieldsOf(next.object))) {
    if (mine.count(path) != 0) changed.insert(path);
  }
  Json causes = Json::array();
  const std::string conflicts = ConflictsOf(next, me, changed, causes);
  if (!conflicts.empty() && !request.QueryIs("force", "true")) {
    return Refusal(409, "Conflict", conflicts, {{"causes", std::move(causes)}});
  }
  Disown(next.managers, &me, changed);
  next.managers[me] = mine;
  return KeepStored(request, key, std::move(next), before);
}

std::string Writer::ConflictsOf(const Stored& before, const Manager& me, const PathSet& changed,
                                Json& causes) const {
  std::string text;
  for (const auto& [manager, owned] : before.managers) {
    if (manager == me) continue;
    std::vector<std::string> fields;
    for (const Path& path : changed) {
      if (owned.count(path) == 0) continue;
      fields.push_back(ToText(path));
      causes.push_back({{"reason", "FieldManagerConflict"},
                        {"message", Text("conflict with \"", manager.name, "\"")},
                        {"field", fields.back()}});
    }
    if (fields.empty()) continue;
    text += fields.size() == 1
                ? Text("conflict with \"", manager.name, "\": ", fields.front())
                : Text("conflicts with \"", manager.name, "\":\n- ", absl::StrJoin(fields, "\n- "));
    text += "\n";
  }
  if (text.empty()) return "";
  text.pop_back();
  return Text("Apply failed with ", causes.size(),
              causes.size() == 1 ? " conflict: " : " conflicts: ", text);
}

Json ScaleOf(const Json& workload) {
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata",
           {{"name", NameOf(workload)},
            {"namespace", NamespaceOf(workload)},
            {"uid", UidOf(workload)},
            {"resourceVersion", ResourceVersionOf(workload)}}},
          {"spec", {{"replicas", IntAt(workload, "/spec/replicas")}}},
          {"status", {{"replicas", IntAt(workload, "/status/replicas")}}}};
}

}  // namespace chains::deploy::fake
