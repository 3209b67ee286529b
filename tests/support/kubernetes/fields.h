// Fields: which fields an object has, one by one, as server-side apply sees them: who owns which,
// what two objects differ in, what an applied object puts where.
//
//   Fields before = FieldsOf(live), after = FieldsOf(merged);
//   for (const Path& path : Changed(before, after)) …     // {"f:spec", "f:replicas"}
//   Json merged = Merged(live, applied);
//
// As sigs.k8s.io/structured-merge-diff: structs and maps go field by field, lists by their schema
// as a whole, by value or by key.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

// From the object inwards: "f:spec" is a field, "k:{\"name\":\"agent\"}" an item of a list by its
// key, "v:\"x\"" one by its value.
using Path = std::vector<std::string>;
using PathSet = std::set<Path>;
// Leaves with their values as text; items of lists by key or value, with "".
using Fields = std::map<Path, std::string>;

// Without what is nobody's to own: apiVersion, kind, name, uid and the like.
Fields FieldsOf(const Json& object);
PathSet PathsOf(const Fields& fields);
// What `after` has and `before` has not, or otherwise.
PathSet Changed(const Fields& before, const Fields& after);

// `applied` over `live`.
Json Merged(const Json& live, const Json& applied);
// Without the leaf or item at `path`, and without what is empty then.
void Remove(Json& object, const Path& path);

// As metadata.managedFields have it, and as messages do: ".spec.replicas".
Json ToFieldsV1(const PathSet& paths);
std::string ToText(const Path& path);

}  // namespace chains::deploy::fake
