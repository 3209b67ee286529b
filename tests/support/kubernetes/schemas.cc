#include "tests/support/kubernetes/schemas.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "chains/core/text.h"

namespace chains::deploy::fake {
namespace {

constexpr std::string_view kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
constexpr std::string_view kQuantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
constexpr std::string_view kIntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
constexpr std::string_view kReference = "#/definitions/";

Json OpenKind(const char* group, const char* kind) {
  const Json anything = {{"type", "object"}};
  const Json name = {{"type", "string"}};
  return {{"type", "object"},
          {"properties",
           {{"apiVersion", name},
            {"kind", name},
            {"metadata", {{"$ref", Text(kReference, kMeta)}}},
            {"spec", anything},
            {"status", anything}}},
          {"x-kubernetes-group-version-kind",
           Json::array({{{"group", group}, {"kind", kind}, {"version", "v1"}}})}};
}

}  // namespace

const Schemas& Schemas::All() {
  static const Schemas all;
  return all;
}

Schemas::Schemas() {
  const std::string folder = KUBERNETES_SCHEMAS;
  Read(folder + "/kubernetes-v1.36.json");
  Read(folder + "/keda-scaledobject.json");
  // What our objects are not, but what the cluster makes of them: their form is not looked at.
  for (const auto& [name, group] : {std::pair("ReplicaSet", "apps"), std::pair("Node", "")}) {
    definitions_[name] = OpenKind(group, name);
  }
  definitions_[std::string(kQuantity)] = {{"format", "quantity"}};
  definitions_[std::string(kIntOrString)] = {{"x-kubernetes-int-or-string", true}};
  for (auto& [name, definition] : definitions_.items()) {
    // A custom resource says only that it has metadata; the server knows what these are.
    if (name.rfind("sh.keda.", 0) == 0) {
      definition["properties"]["metadata"] = {{"$ref", Text(kReference, kMeta)}};
    }
    const Json& kinds = At(definition, "/x-kubernetes-group-version-kind");
    for (const Json& kind : kinds) {
      const std::string group = StringAt(kind, "/group");
      kinds_[Text(group, group.empty() ? "" : "/", StringAt(kind, "/version"), " ",
                  StringAt(kind, "/kind"))] = &definition;
    }
  }
}

void Schemas::Read(const std::string& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const Json read = Json::parse(text, nullptr, false);
  const Json& definitions = At(read, "/definitions");
  if (!definitions.is_object()) {
    std::cerr << path << " cannot be read\n";
    std::abort();
  }
  definitions_.update(definitions);
}

const Json* Schemas::OfKind(std::string_view api_version, std::string_view kind) const {
  const auto found = kinds_.find(Text(api_version, " ", kind));
  return found == kinds_.end() ? nullptr : found->second;
}

const Json* Schemas::Resolve(const Json* schema) const {
  while (schema != nullptr && schema->contains("$ref")) {
    const std::string name = StringAt(*schema, "/$ref").substr(kReference.size());
    const auto found = definitions_.find(name);
    schema = found == definitions_.end() ? nullptr : &*found;
  }
  return schema;
}

const Json* Schemas::Field(const Json& schema, std::string_view name) const {
  const auto properties = schema.find("properties");
  if (properties != schema.end()) {
    const auto found = properties->find(std::string(name));
    if (found != properties->end()) return Resolve(&*found);
  }
  const auto others = schema.find("additionalProperties");
  return others != schema.end() && others->is_object() ? Resolve(&*others) : nullptr;
}

const Json* Schemas::Items(const Json& schema) const {
  const auto items = schema.find("items");
  return items == schema.end() ? nullptr : Resolve(&*items);
}

ListType ListTypeOf(const Json& schema) {
  const std::string type = StringAt(schema, "/x-kubernetes-list-type");
  if (type == "map") return ListType::kMap;
  return type == "set" ? ListType::kSet : ListType::kAtomic;
}

std::vector<std::string> KeysOf(const Json& schema) {
  std::vector<std::string> keys;
  if (ListTypeOf(schema) != ListType::kMap) return keys;
  for (const Json& key : At(schema, "/x-kubernetes-list-map-keys")) keys.push_back(key);
  return keys;
}

bool IsAtomicMap(const Json& schema) {
  return StringAt(schema, "/x-kubernetes-map-type") == "atomic";
}

Json KeyValue(const Json& item, const std::string& key) {
  const auto found = item.find(key);
  if (found != item.end()) return *found;
  return key == "protocol" ? Json("TCP") : Json();
}

}  // namespace chains::deploy::fake
