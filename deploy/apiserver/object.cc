#include "deploy/apiserver/object.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxBytes = size_t{256} << 20;  // a page of large objects
constexpr int kMaxDepth = 200;

// How deep the brackets of a JSON text nest; text that is no JSON may give anything.
int DepthOf(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ']') --depth;
    if (deepest > kMaxDepth) break;
  }
  return deepest;
}

// A part of a JSON pointer, without its escapes (RFC 6901).
std::string Unescaped(std::string_view part) {
  std::string text;
  text.reserve(part.size());
  for (size_t i = 0; i < part.size(); ++i) {
    const char next = i + 1 < part.size() ? part[i + 1] : '\0';
    if (part[i] == '~' && (next == '0' || next == '1')) {
      text += next == '0' ? '~' : '/';
      ++i;
    } else {
      text += part[i];
    }
  }
  return text;
}

std::optional<size_t> IndexOf(std::string_view part, size_t size) {
  if (part.empty() || part.size() > 9) return std::nullopt;
  size_t index = 0;
  for (const char c : part) {
    if (c < '0' || c > '9') return std::nullopt;
    index = index * 10 + static_cast<size_t>(c - '0');
  }
  if (index >= size) return std::nullopt;
  return index;
}

const Json* ChildOf(const Json& parent, std::string_view part) {
  if (parent.is_object()) {
    const auto found = parent.find(Unescaped(part));
    return found == parent.end() ? nullptr : &*found;
  }
  if (!parent.is_array()) return nullptr;
  const std::optional<size_t> index = IndexOf(part, parent.size());
  return index ? &parent[*index] : nullptr;
}

const Json& Nothing() {
  static const Json* const nothing = std::make_unique<Json>().release();
  return *nothing;
}

std::string TextOf(const Json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text == nullptr ? "" : *text;
}

std::string MemberOf(const Json& map, std::string_view key) {
  if (!map.is_object()) return "";
  const auto found = map.find(std::string(key));
  return found == map.end() ? "" : TextOf(*found);
}

}  // namespace

absl::StatusOr<Json> ParseObject(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(
        Text("this JSON has ", text.size(), " bytes; at most ", kMaxBytes, " are read"));
  }
  if (DepthOf(text) > kMaxDepth) {
    return absl::InvalidArgumentError(
        Text("this JSON nests deeper than ", kMaxDepth, " levels; no object of Kubernetes does"));
  }
  Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return absl::InvalidArgumentError("this is not JSON");
  if (!parsed.is_object()) {
    return absl::InvalidArgumentError(
        Text("this is JSON, but no object: it is a value of type ", parsed.type_name()));
  }
  return absl::StatusOr<Json>(absl::in_place, std::move(parsed));
}

std::string ToText(const Json& object) {
  return object.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

const Json& At(const Json& object, std::string_view pointer) {
  const Json* place = &object;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return Nothing();
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    place = ChildOf(*place, pointer.substr(0, end));
    if (place == nullptr) return Nothing();
    pointer.remove_prefix(end);
  }
  return *place;
}

std::string StringAt(const Json& object, std::string_view pointer) {
  return TextOf(At(object, pointer));
}

int64_t IntAt(const Json& object, std::string_view pointer, int64_t otherwise) {
  const Json& value = At(object, pointer);
  if (const auto* number = value.get_ptr<const Json::number_unsigned_t*>()) {
    const bool fits = *number <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    return fits ? static_cast<int64_t>(*number) : otherwise;
  }
  const auto* number = value.get_ptr<const Json::number_integer_t*>();
  return number == nullptr ? otherwise : *number;
}

bool BoolAt(const Json& object, std::string_view pointer, bool otherwise) {
  const auto* value = At(object, pointer).get_ptr<const Json::boolean_t*>();
  return value == nullptr ? otherwise : *value;
}

std::map<std::string, std::string> StringsAt(const Json& object, std::string_view pointer) {
  std::map<std::string, std::string> strings;
  const Json& map = At(object, pointer);
  if (!map.is_object()) return strings;
  for (auto member = map.begin(); member != map.end(); ++member) {
    if (member->is_string()) strings.emplace(member.key(), TextOf(*member));
  }
  return strings;
}

std::string NameOf(const Json& object) { return StringAt(object, "/metadata/name"); }
std::string NamespaceOf(const Json& object) { return StringAt(object, "/metadata/namespace"); }
std::string UidOf(const Json& object) { return StringAt(object, "/metadata/uid"); }
std::string ResourceVersionOf(const Json& object) {
  return StringAt(object, "/metadata/resourceVersion");
}
std::string LabelOf(const Json& object, std::string_view label) {
  return MemberOf(At(object, "/metadata/labels"), label);
}
std::string AnnotationOf(const Json& object, std::string_view annotation) {
  return MemberOf(At(object, "/metadata/annotations"), annotation);
}
bool IsBeingDeleted(const Json& object) {
  return !StringAt(object, "/metadata/deletionTimestamp").empty();
}

}  // namespace chains::deploy
