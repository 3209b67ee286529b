// SchemaProblems: what an API server that validates strictly finds wrong with an object's form.
//
//   for (const std::string& problem : SchemaProblems(object)) …
//   // "spec.template.spec.containers[0].imag: unknown field"
//   // "spec.replicas: 'three' is no integer"
//
// Unknown fields, wrong types, what is required and missing, values that are not among those
// allowed, numbers out of range, quantities, times and base64 that are none, two items of a list
// with the same key. What schemas do not say is in rules.h.
#pragma once

#include <string>
#include <vector>

#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

// kApplied: what server-side apply is given: only the keys of lists are required.
enum class Whole { kObject, kApplied };

// By the object's own apiVersion and kind. Empty: it is fine.
std::vector<std::string> SchemaProblems(const Json& object, Whole whole = Whole::kObject);

// One line for each; empty: there are none.
std::string Lines(const std::vector<std::string>& problems);

}  // namespace chains::deploy::fake
