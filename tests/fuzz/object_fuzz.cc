// Any text as an object of the Kubernetes API: what is taken is the same after it was written as
// JSON, and as YAML that another library reads.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <yaml-cpp/yaml.h>

#include "deploy/apiserver/object.h"

namespace {

using chains::deploy::Json;

// Whether YAML has the same value; numbers by their text.
bool IsSame(const Json& value, const YAML::Node& node) {
  if (value.is_object()) {
    if (!node.IsMap() || node.size() != value.size()) return false;
    for (const auto& member : node) {
      const auto found = value.find(member.first.Scalar());
      if (found == value.end() || !IsSame(*found, member.second)) return false;
    }
    return true;
  }
  if (value.is_array()) {
    if (!node.IsSequence() || node.size() != value.size()) return false;
    size_t i = 0;
    for (const auto& item : node) {
      if (!IsSame(value[i++], item)) return false;
    }
    return true;
  }
  if (value.is_null()) return node.IsNull();
  if (!node.IsScalar()) return false;
  return node.Scalar() == (value.is_string() ? value.get_ref<const std::string&>() : value.dump());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace deploy = chains::deploy;
  const auto object = deploy::ParseObject({reinterpret_cast<const char*>(data), size});
  if (!object.ok()) return 0;
  const auto again = deploy::ParseObject(deploy::ToText(*object));
  if (!again.ok() || *again != *object) std::abort();
  if (!IsSame(*object, YAML::Load(deploy::ToYaml(*object)))) std::abort();
  for (const std::string pointer : {"/metadata/labels/a~1b", "/spec/0/1", "/", "~", ""}) {
    deploy::StringAt(*object, pointer);
    deploy::StringsAt(*object, pointer);
    deploy::IntAt(*object, pointer);
  }
  return 0;
}
