#include "gateway/app/form_fields.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "chains/json/json_reader.h"
#include "chains/json/json_writer.h"

namespace chains::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using json::FieldSchema;
using json::JsonReader;
using json::MessageSchema;

bool IsList(const FieldSchema& field) {
  return field.descriptor->is_repeated() && !field.descriptor->is_map();
}

// Whether one value of `field` has JSON of its own, rather than a string or what a string may stand
// for ("30" is taken for 30).
bool TakesJson(const FieldSchema& field) {
  if (field.descriptor->is_map()) return true;
  if (field.message == nullptr) return false;
  switch (field.message->form) {
    case MessageSchema::Form::kWrapper:
    case MessageSchema::Form::kTimestamp:
    case MessageSchema::Form::kDuration:
    case MessageSchema::Form::kFieldMask:
      return false;
    default:
      return true;
  }
}

absl::Status Bad(const FieldSchema& field, std::string_view why) {
  return absl::InvalidArgumentError(Text(field.name, ": ", why));
}

// Whether `text` is one JSON value, so that it cannot end the object that it is put into.
absl::Status CheckJson(const FieldSchema& field, std::string_view text) {
  JsonReader reader(text);
  reader.Skip();
  if (reader.Finish()) return absl::OkStatus();
  return Bad(field, MessageOf(reader.status()));
}

}  // namespace

absl::Status FormFields::AddText(std::string_view name, std::string_view text) {
  const FieldSchema* const field = type_.Named(name);
  if (field == nullptr) return absl::OkStatus();
  if (TakesJson(*field)) {
    const absl::Status checked = CheckJson(*field, text);
    if (!checked.ok()) return checked;
    const bool whole = !IsList(*field) || JsonReader(text).Peek() == JsonReader::Kind::kArray;
    return Add(*field, std::string(text), whole);
  }
  json::JsonWriter writer;
  writer.String(text);
  if (!writer.valid()) return Bad(*field, "it is not UTF-8");
  return Add(*field, std::move(writer).Take(), !IsList(*field));
}

absl::Status FormFields::AddJson(std::string_view name, std::string_view json) {
  const FieldSchema* const field = type_.Named(name);
  if (field == nullptr) return absl::OkStatus();
  const absl::Status checked = CheckJson(*field, json);
  return checked.ok() ? Add(*field, std::string(json), true) : checked;
}

absl::Status FormFields::Expect(const FieldSchema& field) {
  Value& value = values_[field.index];
  const bool again = !value.elements.empty();
  if (again && !IsList(field)) return Bad(field, "it is there twice");
  if (!again) value = {.elements = {IsList(field) ? "[]" : "\"\""}, .whole = true};
  return absl::OkStatus();
}

absl::Status FormFields::Add(const FieldSchema& field, std::string json, bool whole) {
  Value& value = values_[field.index];
  if (!value.elements.empty() && (whole || value.whole)) return Bad(field, "it is there twice");
  value.whole = whole;
  bytes_ += json.size();
  value.elements.push_back(std::move(json));
  return absl::OkStatus();
}

bool FormFields::empty() const {
  return std::all_of(values_.begin(), values_.end(),
                     [](const Value& value) { return value.elements.empty(); });
}

bool FormFields::Excludes(const FieldSchema& field) const {
  return std::any_of(field.excludes.begin(), field.excludes.end(), [&](const FieldSchema* other) {
    return !values_[other->index].elements.empty();
  });
}

std::string FormFields::Json() const {
  json::JsonWriter writer;
  writer.BeginObject();
  for (const FieldSchema& field : type_.fields) {
    const Value& value = values_[field.index];
    if (value.elements.empty()) continue;
    writer.Key(field.name);
    if (value.whole) {
      writer.Raw(value.elements.front());
      continue;
    }
    writer.BeginArray();
    for (const std::string& element : value.elements) writer.Raw(element);
    writer.End();
  }
  writer.End();
  return std::move(writer).Take();
}

const FieldSchema* OnlyBytesField(const MessageSchema& type) {
  const FieldSchema* only = nullptr;
  for (const FieldSchema& field : type.fields) {
    if (field.type != FieldDescriptor::TYPE_BYTES) continue;
    if (only != nullptr || field.descriptor->is_repeated()) return nullptr;
    only = &field;
  }
  return only;
}

}  // namespace chains::gateway
