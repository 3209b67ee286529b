// Objects of Kubernetes in YAML, as JSON.
//
//   for (const Json& object : ReadYaml(text)) …
#pragma once

#include <string>
#include <vector>

#include "deploy/apiserver/object.h"

namespace chains::deploy {

// All documents that are not empty; a List is what is in it. What is no YAML fails the test.
std::vector<Json> ReadYaml(const std::string& text);

}  // namespace chains::deploy
