#include "gateway/app/form_fields.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "chains/json/json_reader.h"
#include "chains/json/json_writer.h"
#include "chains/json/wire.h"
#include "gateway/body/query.h"

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

// Where something is wrong with JSON that no client wrote, a line and a column say nothing.
absl::Status WithoutPlace(const absl::Status& failure) {
  std::string_view text = MessageOf(failure);
  const size_t end = text.find(": ");
  const bool has_place = end < text.find_first_not_of("0123456789:");
  if (!absl::IsInvalidArgument(failure) || !has_place) return failure;
  return absl::InvalidArgumentError(ToAbsl(text.substr(end + 2)));
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

absl::Status AddQuery(std::string_view target, FormFields& fields) {
  const auto query = QueryOf(target);
  if (!query.ok()) return query.status();
  for (const auto& [name, value] : *query) {
    const absl::Status added = fields.AddText(name, value);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status AddPart(const MultipartParser::Part& part, std::string_view text, FormFields& fields) {
  const bool is_json = part.content_type == "application/json";
  return is_json ? fields.AddJson(part.name, text) : fields.AddText(part.name, text);
}

absl::StatusOr<std::string> FieldsToWire(const json::Transcoder& transcoder,
                                         const json::Transcoder::Method& method,
                                         const FormFields& fields) {
  absl::StatusOr<std::string> wire = transcoder.RequestToWire(method, fields.Json());
  if (!wire.ok()) return WithoutPlace(wire.status());
  return wire;
}

// A message's beginning, `field` with these bytes behind it.
std::string WithField(std::string wire, const FieldSchema& field, std::string_view bytes) {
  json::WireWriter head;
  head.Tag(field.number(), json::WireType::kBytes);
  head.Varint(bytes.size());
  const std::string tag = std::move(head).Take();
  wire.reserve(wire.size() + tag.size() + bytes.size());
  wire += tag;
  wire += bytes;
  return wire;
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
