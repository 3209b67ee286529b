#include "tests/support/kubernetes/fields.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "tests/support/kubernetes/schemas.h"

namespace chains::deploy::fake {
namespace {

const Json* SchemaOf(const Json& object) {
  return Schemas::All().OfKind(StringAt(object, "/apiVersion"), StringAt(object, "/kind"));
}

std::string ItemElement(const Json& item, const std::vector<std::string>& keys) {
  if (keys.empty()) return Text("v:", item.dump());
  Json identity = Json::object();
  for (const std::string& key : keys) identity[key] = KeyValue(item, key);
  return Text("k:", identity.dump());
}

bool IsLeaf(const Json& value, const Json* schema) {
  if (value.empty() || schema == nullptr) return true;  // scalars are not empty
  if (value.is_object()) return IsAtomicMap(*schema);
  return !value.is_array() || ListTypeOf(*schema) == ListType::kAtomic;
}

void Collect(const Json& value, const Json* schema, Path& path, Fields& fields) {
  if (value.is_null()) return;
  if (IsLeaf(value, schema)) {
    fields[path] = value.dump();
  } else if (value.is_object()) {
    for (const auto& [name, field] : value.items()) {
      path.push_back(Text("f:", name));
      Collect(field, Schemas::All().Field(*schema, name), path, fields);
      path.pop_back();
    }
  } else {
    const std::vector<std::string> keys = KeysOf(*schema);
    for (const Json& item : value) {
      path.push_back(ItemElement(item, keys));
      fields[path] = "";
      if (!keys.empty()) Collect(item, Schemas::All().Items(*schema), path, fields);
      path.pop_back();
    }
  }
}

bool IsNobodys(const Path& path) {
  static const std::set<std::string> of_meta{"f:name",
                                             "f:namespace",
                                             "f:uid",
                                             "f:resourceVersion",
                                             "f:creationTimestamp",
                                             "f:generation",
                                             "f:managedFields",
                                             "f:deletionTimestamp",
                                             "f:deletionGracePeriodSeconds",
                                             "f:generateName"};
  if (path.front() == "f:apiVersion" || path.front() == "f:kind") return true;
  return path.front() == "f:metadata" && (path.size() == 1 || of_meta.count(path[1]) != 0);
}

Json MergedValue(const Json& live, const Json& applied, const Json* schema);

Json MergedList(const Json& live, const Json& applied, const Json& schema) {
  const std::vector<std::string> keys = KeysOf(schema);
  Json merged = live.is_array() ? live : Json::array();
  for (const Json& item : applied) {
    const std::string element = ItemElement(item, keys);
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const Json& each) {
      return ItemElement(each, keys) == element;
    });
    if (same == merged.end()) {
      merged.push_back(MergedValue(Json(), item, Schemas::All().Items(schema)));
    } else if (!keys.empty()) {
      *same = MergedValue(*same, item, Schemas::All().Items(schema));
    }
  }
  return merged;
}

Json MergedValue(const Json& live, const Json& applied, const Json* schema) {
  if (IsLeaf(applied, schema)) {
    // An empty object or list only says that it is there.
    const bool only_there = applied.is_structured() && applied.empty() && !live.is_null() &&
                            schema != nullptr && !IsLeaf(live, schema);
    return only_there ? live : applied;
  }
  if (applied.is_array()) return MergedList(live, applied, *schema);
  Json merged = live.is_object() ? live : Json::object();
  for (const auto& [name, field] : applied.items()) {
    if (field.is_null()) continue;
    const auto found = merged.find(name);
    const Json was = found == merged.end() ? Json() : *found;
    merged[name] = MergedValue(was, field, Schemas::All().Field(*schema, name));
  }
  return merged;
}

// Whether `value` is empty afterwards.
bool RemoveFrom(Json& value, const Json* schema, const Path& path, size_t depth) {
  const std::string& element = path[depth];
  const bool last = depth + 1 == path.size();
  if (value.is_object() && element.rfind("f:", 0) == 0) {
    const auto found = value.find(element.substr(2));
    if (found == value.end()) return false;
    const Json* const inside =
        schema == nullptr ? nullptr : Schemas::All().Field(*schema, element.substr(2));
    if (last || RemoveFrom(*found, inside, path, depth + 1)) value.erase(found);
    return value.empty();
  }
  if (!value.is_array() || schema == nullptr) return false;
  const std::vector<std::string> keys = KeysOf(*schema);
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (ItemElement(*item, keys) != element) continue;
    if (last || RemoveFrom(*item, Schemas::All().Items(*schema), path, depth + 1)) {
      value.erase(item);
    }
    return value.empty();
  }
  return false;
}

}  // namespace

Fields FieldsOf(const Json& object) {
  Fields fields;
  Path path;
  Collect(object, SchemaOf(object), path, fields);
  for (auto field = fields.begin(); field != fields.end();) {
    field = IsNobodys(field->first) ? fields.erase(field) : std::next(field);
  }
  return fields;
}

PathSet PathsOf(const Fields& fields) {
  PathSet paths;
  for (const auto& [path, value] : fields) paths.insert(path);
  return paths;
}

PathSet Changed(const Fields& before, const Fields& after) {
  PathSet paths;
  for (const auto& [path, value] : after) {
    const auto was = before.find(path);
    if (was == before.end() || was->second != value) paths.insert(path);
  }
  return paths;
}

Json Merged(const Json& live, const Json& applied) {
  return MergedValue(live, applied, SchemaOf(applied));
}

void Remove(Json& object, const Path& path) { RemoveFrom(object, SchemaOf(object), path, 0); }

Json ToFieldsV1(const PathSet& paths) {
  Json tree = Json::object();
  for (const Path& path : paths) {
    Json* at = &tree;
    for (const std::string& element : path) at = &(*at)[element];
    if (path.back().rfind("k:", 0) == 0) (*at)["."] = Json::object();
    if (at->is_null()) *at = Json::object();
  }
  return tree;
}

std::string ToText(const Path& path) {
  std::string text;
  for (const std::string& element : path) {
    const std::string inside = element.substr(2);
    text += element[0] == 'f' ? Text(".", inside) : Text("[", inside, "]");
  }
  return text;
}

}  // namespace chains::deploy::fake
