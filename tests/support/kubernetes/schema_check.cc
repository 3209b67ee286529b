#include "tests/support/kubernetes/schema_check.h"

#include <cstdint>
#include <regex>
#include <set>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "tests/support/kubernetes/quantity.h"
#include "tests/support/kubernetes/schemas.h"
#include "tests/support/kubernetes/syntax.h"

namespace chains::deploy::fake {
namespace {

class Check {
 public:
  Check(Whole whole, std::vector<std::string>& problems) : whole_(whole), problems_(problems) {}

  void Value(const Json& value, const Json& schema, const std::string& path) {
    if (value.is_null()) return;  // it is as if it were not there
    if (BoolAt(schema, "/x-kubernetes-int-or-string")) return IntOrString(value, schema, path);
    const std::string format = StringAt(schema, "/format");
    if (format == "quantity") {
      if (!ParseQuantity(value)) Add(path, Text(value.dump(), " is no quantity"));
      return;
    }
    const std::string type = StringAt(schema, "/type");
    if (type == "object") return Object(value, schema, path);
    if (type == "array") return List(value, schema, path);
    if (type == "string") return String(value, schema, format, path);
    if (type == "integer") return Integer(value, schema, format, path);
    if (type == "number" && !value.is_number())
      return Add(path, Text(value.dump(), " is no number"));
    if (type == "boolean" && !value.is_boolean()) Add(path, Text(value.dump(), " is no boolean"));
  }

 private:
  void Add(const std::string& path, const std::string& what) {
    problems_.push_back(Text(path.empty() ? "the object" : path, ": ", what));
  }

  void Object(const Json& value, const Json& schema, const std::string& path) {
    if (!value.is_object()) return Add(path, Text(value.dump(), " is no object"));
    const bool open = BoolAt(schema, "/x-kubernetes-preserve-unknown-fields") ||
                      (!schema.contains("properties") && !schema.contains("additionalProperties"));
    for (const auto& [name, field] : value.items()) {
      const std::string inside = path.empty() ? name : Text(path, ".", name);
      const Json* const of_field = Schemas::All().Field(schema, name);
      if (of_field != nullptr) {
        Value(field, *of_field, inside);
      } else if (!open) {
        Add(inside, "unknown field");
      }
    }
    if (whole_ == Whole::kApplied) return;
    for (const Json& required : At(schema, "/required")) {
      const auto found = value.find(required.get<std::string>());
      if (found == value.end() || found->is_null()) {
        Add(path.empty() ? required.get<std::string>()
                         : Text(path, ".", required.get<std::string>()),
            "required, and missing");
      }
    }
  }

  void List(const Json& value, const Json& schema, const std::string& path) {
    if (!value.is_array()) return Add(path, Text(value.dump(), " is no list"));
    if (static_cast<int64_t>(value.size()) < IntAt(schema, "/minItems")) Add(path, "too few items");
    const Json* const of_item = Schemas::All().Items(schema);
    const std::vector<std::string> keys = KeysOf(schema);
    const bool differ = ListTypeOf(schema) != ListType::kAtomic;
    std::set<std::string> seen;
    size_t index = 0;
    for (const Json& item : value) {
      const std::string inside = Text(path, "[", index++, "]");
      if (item.is_null()) Add(inside, "null is no item");
      if (of_item != nullptr) Value(item, *of_item, inside);
      if (differ && !seen.insert(Identity(item, keys, inside)).second) {
        Add(inside, Text("duplicate ", keys.empty() ? "value" : absl::StrJoin(keys, "+"), " ",
                         Identity(item, keys, inside)));
      }
    }
  }

  std::string Identity(const Json& item, const std::vector<std::string>& keys,
                       const std::string& path) {
    if (keys.empty() || !item.is_object()) return item.dump();
    Json identity = Json::array();
    for (const std::string& key : keys) {
      identity.push_back(KeyValue(item, key));
      if (identity.back().is_null()) Add(Text(path, ".", key), "required: it is the item's key");
    }
    return identity.dump();
  }

  void String(const Json& value, const Json& schema, const std::string& format,
              const std::string& path) {
    if (!value.is_string()) return Add(path, Text(value.dump(), " is no string"));
    const std::string& text = value.get_ref<const std::string&>();
    if (format == "date-time" && !IsTime(text)) Add(path, Text(value.dump(), " is no time"));
    if (format == "byte" && !IsBase64(text)) Add(path, "is not in base64");
    if (static_cast<int64_t>(text.size()) < IntAt(schema, "/minLength")) Add(path, "is too short");
    Allowed(value, schema, path);
  }

  void Integer(const Json& value, const Json& schema, const std::string& format,
               const std::string& path) {
    if (!value.is_number_integer()) return Add(path, Text(value.dump(), " is no integer"));
    const bool huge = value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX;
    const auto number = value.get<int64_t>();
    const bool fits = !huge && (format != "int32" || (number >= INT32_MIN && number <= INT32_MAX));
    if (!fits) return Add(path, Text(value.dump(), " is no ", format));
    if (schema.contains("minimum") && number < IntAt(schema, "/minimum")) {
      Add(path, Text(value.dump(), " is less than ", IntAt(schema, "/minimum")));
    }
    Allowed(value, schema, path);
  }
  void IntOrString(const Json& value, const Json& schema, const std::string& path) {
    if (!value.is_string() && !value.is_number_integer()) {
      return Add(path, Text(value.dump(), " is neither integer nor string"));
    }
    const std::string pattern = StringAt(schema, "/pattern");
    if (value.is_string() && !pattern.empty() &&
        !std::regex_search(value.get_ref<const std::string&>(), std::regex(pattern))) {
      Add(path, Text(value.dump(), " does not match ", pattern));
    }
  }

  void Allowed(const Json& value, const Json& schema, const std::string& path) {
    const Json& allowed = At(schema, "/enum");
    if (!allowed.is_array()) return;
    for (const Json& each : allowed) {
      if (each == value) return;
    }
    Add(path, Text(value.dump(), " is none of ", allowed.dump()));
  }

  const Whole whole_;
  std::vector<std::string>& problems_;
};

}  // namespace

std::vector<std::string> SchemaProblems(const Json& object, Whole whole) {
  std::vector<std::string> problems;
  const std::string version = StringAt(object, "/apiVersion"), kind = StringAt(object, "/kind");
  const Json* const schema = Schemas::All().OfKind(version, kind);
  if (schema == nullptr) {
    problems.push_back(Text("kind: there is no '", kind, "' in '", version, "'"));
    return problems;
  }
  Check(whole, problems).Value(object, *schema, "");
  return problems;
}

std::string Lines(const std::vector<std::string>& problems) {
  return absl::StrJoin(problems, "\n");
}

}  // namespace chains::deploy::fake
