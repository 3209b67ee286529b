#include "phi/json_object.h"

#include <utility>

#include "chains/core/text.h"
#include "chains/json/json_numbers.h"
#include "chains/json/json_reader.h"

namespace poems::phi {
namespace {

using chains::MessageOf;
using chains::Text;
using chains::json::JsonReader;

// The JSON of the value that comes next.
std::string_view NextValue(JsonReader& reader) {
  reader.Peek();  // past white space
  const size_t begin = reader.offset();
  if (!reader.Skip()) return {};
  return reader.text().substr(begin, reader.offset() - begin);
}

}  // namespace

absl::StatusOr<JsonObject> JsonObject::Parse(std::string_view json, std::string_view where) {
  JsonObject object(where);
  JsonReader reader(json);
  std::string_view key;
  for (reader.BeginObject(); reader.NextMember(key);) {
    const auto [member, added] = object.members_.try_emplace(std::string(key));
    if (!added) reader.Fail(reader.key_offset(), Text("\"", key, "\" comes twice"));
    member->second = NextValue(reader);
  }
  if (!reader.Finish())
    return absl::InvalidArgumentError(Text(where, ": ", MessageOf(reader.status())));
  std::erase_if(object.members_, [](const auto& member) { return member.second == "null"; });
  return object;
}

std::optional<std::string_view> JsonObject::Find(std::string_view key, bool required) {
  if (const auto member = members_.find(key); member != members_.end()) return member->second;
  if (required) Refuse(key, "is missing");
  return std::nullopt;
}

void JsonObject::Refuse(std::string_view key, std::string_view problem) {
  if (ok()) status_ = absl::InvalidArgumentError(Text(where_, ": ", key, " ", problem));
}

int64_t JsonObject::Integer(std::string_view key, Bounds bounds, std::optional<int64_t> otherwise) {
  const std::optional<std::string_view> text = Find(key, !otherwise);
  if (!text) return otherwise.value_or(bounds.least);
  const std::optional<int64_t> value = chains::json::ToInt64(*text);
  if (value && *value >= bounds.least && *value <= bounds.most) return *value;
  Refuse(key, Text("must be an integer from ", bounds.least, " to ", bounds.most, ", not ",
                   text->substr(0, 40)));
  return bounds.least;
}

double JsonObject::Number(std::string_view key, std::optional<double> otherwise) {
  const std::optional<std::string_view> text = Find(key, !otherwise);
  if (!text) return otherwise.value_or(0);
  const std::optional<double> value = chains::json::ToDouble(*text);
  if (!value) Refuse(key, Text("must be a number, not ", text->substr(0, 40)));
  return value.value_or(0);
}

bool JsonObject::Bool(std::string_view key, std::optional<bool> otherwise) {
  const std::optional<std::string_view> text = Find(key, !otherwise);
  if (!text) return otherwise.value_or(false);
  if (*text != "true" && *text != "false")
    Refuse(key, Text("must be true or false, not ", text->substr(0, 40)));
  return *text == "true";
}

std::string JsonObject::String(std::string_view key, std::optional<std::string> otherwise) {
  const std::optional<std::string_view> text = Find(key, !otherwise);
  if (!text) return otherwise.value_or("");
  JsonReader reader(*text);
  std::string_view value;
  if (reader.ReadString(value)) return std::string(value);
  Refuse(key, Text("must be a string, not ", text->substr(0, 40)));
  return "";
}

std::vector<std::string_view> JsonObject::Elements(std::string_view key) {
  std::vector<std::string_view> elements;
  const std::optional<std::string_view> text = Find(key, false);
  if (!text) return elements;
  JsonReader reader(*text);
  for (reader.BeginArray(); reader.NextElement();) elements.push_back(NextValue(reader));
  if (!reader.ok()) Refuse(key, Text("must be a list, not ", text->substr(0, 40)));
  return elements;
}

std::vector<double> JsonObject::Numbers(std::string_view key, size_t most) {
  std::vector<double> numbers;
  if (!Find(key, true)) return numbers;
  const std::vector<std::string_view> elements = Elements(key);
  if (elements.size() > most) {
    Refuse(key, Text("must have at most ", most, " elements, not ", elements.size()));
    return numbers;
  }
  for (const std::string_view text : elements) {
    const std::optional<double> number = chains::json::ToDouble(text);
    if (!number) Refuse(key, Text("must be a list of numbers; ", text.substr(0, 40), " is none"));
    numbers.push_back(number.value_or(0));
  }
  return numbers;
}

std::optional<JsonObject> JsonObject::Object(std::string_view key) {
  const std::optional<std::string_view> text = Find(key, false);
  if (!text) return std::nullopt;
  absl::StatusOr<JsonObject> object = Parse(*text, Text(where_, ": ", key));
  if (object.ok()) return *std::move(object);
  if (ok()) status_ = object.status();
  return std::nullopt;
}

}  // namespace poems::phi
