// Schemas: what Kubernetes 1.36 and KEDA say of their kinds, read from schemas/.
//
//   const Json* schema = Schemas::All().OfKind("apps/v1", "Deployment");
//   const Json* replicas = Schemas::All().Field(*Schemas::All().Field(*schema, "spec"),
//   "replicas");
//
// Of a list it says here how its items are told apart, as server-side apply does it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

// Immutable.
class Schemas {
 public:
  // Ends the program where the files cannot be read: there is no test without them.
  static const Schemas& All();

  // Null: there is no such kind.
  const Json* OfKind(std::string_view api_version, std::string_view kind) const;
  const std::map<std::string, const Json*>& kinds() const {
    return kinds_;
  }  // "apps/v1 Deployment"
  // Of a field of an object, or a value of a map; null: it has none of this name. Resolved, like
  // all that comes from here.
  const Json* Field(const Json& schema, std::string_view name) const;
  // Of a list's items; null where nothing is known of them.
  const Json* Items(const Json& schema) const;

 private:
  Schemas();
  void Read(const std::string& path);
  const Json* Resolve(const Json* schema) const;

  Json definitions_ = Json::object();
  std::map<std::string, const Json*> kinds_;
};

enum class ListType { kAtomic, kSet, kMap };
ListType ListTypeOf(const Json& schema);
// Empty but for lists of ListType::kMap.
std::vector<std::string> KeysOf(const Json& schema);
// Whether an object is one value to server-side apply: owned and replaced as a whole.
bool IsAtomicMap(const Json& schema);
// The value of one key of an item: ports are TCP where they do not say.
Json KeyValue(const Json& item, const std::string& key);

}  // namespace chains::deploy::fake
