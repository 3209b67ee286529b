#include "deploy/cli/kubernetes/object_diff.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/diff.h"

namespace chains::deploy::cli {
namespace {

constexpr char kHidden[] = "*** (not shown)";

bool IsSecret(const Json& object) { return StringAt(object, "/kind") == kinds::kSecret.kind; }

void Hide(Json& object, std::string_view field, const char* text) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_object()) return;
  for (Json& value : *found) value = text;
}

// Values that differ stay different, and say nothing else.
void HideBoth(Json& before, Json& after) {
  for (const char* const field : {"data", "stringData"}) {
    const Json was = before.is_object() ? before.value(field, Json::object()) : Json::object();
    const Json is = after.is_object() ? after.value(field, Json::object()) : Json::object();
    Hide(before, field, kHidden);
    Hide(after, field, kHidden);
    for (const auto& [key, value] : was.items()) {
      if (!is.contains(key) || is[key] == value) continue;
      before[field][key] = "*** (before)";
      after[field][key] = "*** (after)";
    }
  }
}

void DropServersOwn(Json& object) {
  if (!object.is_object()) return;
  object.erase("status");
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  for (const char* const field :
       {"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"}) {
    metadata->erase(field);
  }
}

std::string YamlOf(const Json& object) { return object.is_null() ? "" : ToYaml(object); }

}  // namespace

Json Redacted(Json object) {
  DropServersOwn(object);
  if (IsSecret(object)) {
    for (const char* const field : {"data", "stringData"}) Hide(object, field, kHidden);
  }
  return object;
}

std::string ObjectDiff(const Json& before, const Json& after) {
  Json was = before;
  Json is = after;
  DropServersOwn(was);
  DropServersOwn(is);
  const Json& any = was.is_null() ? is : was;
  if (IsSecret(any)) HideBoth(was, is);
  const std::string name = Text(StringAt(any, "/kind"), "/", NamespaceOf(any), "/", NameOf(any));
  return UnifiedDiff(YamlOf(was), YamlOf(is), was.is_null() ? "/dev/null" : name,
                     is.is_null() ? "/dev/null" : name);
}

}  // namespace chains::deploy::cli
