#include "gateway/app/query_request.h"

#include <map>
#include <utility>
#include <vector>

#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "gateway/body/query.h"

namespace chains::gateway {
namespace {

using json::FieldSchema;
using json::JsonWriter;
using json::MessageSchema;

constexpr std::string_view kWhole = "request";
constexpr std::string_view kReceipt = "receipt";

// Whether JSON has a string, or what may be written as one, for a value of the field.
bool IsScalar(const FieldSchema& field) {
  if (field.message == nullptr) return true;
  switch (field.message->form) {
    case MessageSchema::Form::kWrapper:
    case MessageSchema::Form::kTimestamp:
    case MessageSchema::Form::kDuration:
    case MessageSchema::Form::kFieldMask:
      return true;
    default:
      return false;
  }
}

absl::Status NotInAQuery(const FieldSchema& field) {
  return absl::InvalidArgumentError(Text("a query cannot say the field ", field.name,
                                         ": give the whole request as JSON, ?request=…"));
}

}  // namespace

bool MayBeAskedByGet(const json::Transcoder::Method& method) {
  return !method.descriptor->client_streaming() &&
         method.descriptor->options().idempotency_level() ==
             google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
}

absl::StatusOr<std::string> JsonOfQuery(std::string_view target, const MessageSchema& type) {
  auto query = QueryOf(target);
  if (!query.ok()) return query.status();
  std::map<size_t, std::vector<std::string>> values;  // by the field's index
  for (auto& [name, value] : *query) {
    if (name == kWhole) return std::move(value);
    const FieldSchema* field = name == kReceipt ? nullptr : type.Named(name);
    if (field == nullptr || type.form != MessageSchema::Form::kFields) continue;
    if (!IsScalar(*field)) return NotInAQuery(*field);
    values[field->index].push_back(std::move(value));
  }
  JsonWriter json;
  json.BeginObject();
  for (const auto& [index, all] : values) {
    const FieldSchema& field = type.fields[index];
    json.Key(field.name);
    if (field.descriptor->is_repeated()) {
      json.BeginArray();
      for (const std::string& value : all) json.String(value);
      json.End();
      continue;
    }
    if (all.size() > 1) {
      return absl::InvalidArgumentError(
          Text("the query names ", field.name, " ", all.size(), " times, and it is no list"));
    }
    json.String(all.front());
  }
  json.End();
  if (!json.valid()) return absl::InvalidArgumentError("the query is not UTF-8");
  return std::move(json).Take();
}

}  // namespace chains::gateway
