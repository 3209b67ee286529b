#include "deploy/cli/json_text.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/strip.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains::deploy::cli {

using google::protobuf::Value;

std::string JsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails for text that is no UTF-8 only; what was written until then is shown.
  static_cast<void>(google::protobuf::util::MessageToJsonString(message, &json, options));
  return json;
}

std::string JsonLine(const absl::Status& error) {
  json::JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Key("code").String(absl::StatusCodeToString(error.code()));
  json.Key("message").String(MessageOf(error));
  json.End().End();
  return std::move(json).Take();
}

absl::StatusOr<Value> ParseJson(std::string_view json) {
  Value value;
  // Under a key, because protobuf reads no bare value.
  google::protobuf::Struct whole;
  const std::string wrapped = Text("{\"v\":", json, "\n}");
  const auto status = google::protobuf::util::JsonStringToMessage(wrapped, &whole);
  const auto found = whole.fields().find("v");
  if (!status.ok() || whole.fields_size() != 1 || found == whole.fields().end()) {
    return absl::InvalidArgumentError("this is no JSON");
  }
  value = found->second;
  return value;
}

std::string PrettyJson(std::string_view json) {
  const absl::StatusOr<Value> value = ParseJson(json);
  if (!value.ok()) return std::string(json);
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string pretty;
  if (!google::protobuf::util::MessageToJsonString(*value, &pretty, options).ok()) {
    return std::string(json);
  }
  return std::string(absl::StripSuffix(pretty, "\n"));
}

const Value* Member(const Value& object, const std::string& name) {
  if (object.kind_case() != Value::kStructValue) return nullptr;
  const auto found = object.struct_value().fields().find(name);
  return found == object.struct_value().fields().end() ? nullptr : &found->second;
}

std::string TextMember(const Value& object, const std::string& name) {
  const Value* const member = Member(object, name);
  return member == nullptr ? "" : member->string_value();
}

double NumberMember(const Value& object, const std::string& name) {
  const Value* const member = Member(object, name);
  return member == nullptr ? 0 : member->number_value();
}

}  // namespace chains::deploy::cli
