#include "gateway/app/openapi.h"

#include <algorithm>
#include <deque>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_replace.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "chains/json/schema.h"

namespace chains::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using json::FieldSchema;
using json::JsonWriter;
using json::MessageSchema;
using json::Requirement;
using json::Transcoder;
using Form = MessageSchema::Form;

// Writes the schemas of one contract's messages, under names of its own.
class Schemas {
 public:
  Schemas(const DescribedRoute& route, JsonWriter& json)
      : prefix_(absl::StrReplaceAll(route.name, {{"/", "."}})), json_(json) {}

  // A value of that type, by reference where it is a message; the message is remembered.
  void Value(const FieldSchema& field);
  void Message(const MessageSchema& type);
  // The JSON of a whole request, or reply.
  void Request(const MessageSchema& type);
  void Reply(const MessageSchema& type);

  // The definitions of all that was referred to, and of what these refer to.
  void WriteDefinitions();

 private:
  void Field(const FieldSchema& field);
  void Scalar(const FieldSchema& field);
  void Enum(const FieldSchema& field);
  void WellKnown(const MessageSchema& type);
  void Definition(const MessageSchema& type);
  void Required(const std::vector<Requirement>& required);
  void OneOf(const Requirement& requirement);
  void Type(std::string_view type, std::string_view format = "");
  std::string NameOf(const MessageSchema& type) const {
    return Text(prefix_, ".", type.descriptor->full_name());
  }

  const std::string prefix_;
  JsonWriter& json_;
  std::set<const MessageSchema*> known_;
  std::deque<const MessageSchema*> to_write_;
};

void Schemas::Type(std::string_view type, std::string_view format) {
  json_.BeginObject().Key("type").String(type);
  if (!format.empty()) json_.Key("format").String(format);
  json_.End();
}

void Schemas::Field(const FieldSchema& field) {
  if (field.descriptor->is_map()) {
    json_.BeginObject().Key("type").String("object").Key("additionalProperties");
    Value(*field.message->Numbered(2));
    json_.End();
  } else if (field.descriptor->is_repeated()) {
    json_.BeginObject().Key("type").String("array").Key("items");
    Value(field);
    json_.End();
  } else {
    Value(field);
  }
}

void Schemas::Value(const FieldSchema& field) {
  if (field.message != nullptr) {
    Message(*field.message);
  } else if (field.values != nullptr) {
    Enum(field);
  } else {
    Scalar(field);
  }
}

void Schemas::Message(const MessageSchema& type) {
  if (type.form != Form::kFields) return WellKnown(type);
  if (known_.insert(&type).second) to_write_.push_back(&type);
  json_.BeginObject().Key("$ref").String(Text("#/components/schemas/", NameOf(type))).End();
}

void Schemas::Enum(const FieldSchema& field) {
  if (field.values->is_null) return Type("null");
  std::vector<std::pair<int32_t, std::string>> names(field.values->names.begin(),
                                                     field.values->names.end());
  std::sort(names.begin(), names.end());
  json_.BeginObject().Key("type").String("string").Key("enum").BeginArray();
  for (const auto& [number, name] : names) json_.String(name);
  json_.End().End();
}

void Schemas::Scalar(const FieldSchema& field) {
  switch (field.descriptor->type()) {
    case FieldDescriptor::TYPE_STRING:
      return Type("string");
    case FieldDescriptor::TYPE_BYTES:
      json_.BeginObject()
          .Key("type")
          .String("string")
          .Key("contentEncoding")
          .String("base64")
          .End();
      return;
    case FieldDescriptor::TYPE_BOOL:
      return Type("boolean");
    case FieldDescriptor::TYPE_DOUBLE:
      return Type("number", "double");
    case FieldDescriptor::TYPE_FLOAT:
      return Type("number", "float");
    default:
      break;
  }
  switch (field.descriptor->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Type("integer", "int32");
    case FieldDescriptor::CPPTYPE_UINT32:
      return Type("integer", "uint32");
    default:
      break;
  }
  if (field.bare_64_bits) return Type("integer", "int64");
  json_.BeginObject().Key("type").BeginArray().String("string").String("integer").End();
  json_.Key("format").String("int64").End();
}

void Schemas::WellKnown(const MessageSchema& type) {
  switch (type.form) {
    case Form::kTimestamp:
      return Type("string", "date-time");
    case Form::kDuration:
    case Form::kFieldMask:
      return Type("string");
    case Form::kStruct:
    case Form::kAny:
      return Type("object");
    case Form::kList:
      return Type("array");
    case Form::kWrapper:
      return Value(type.fields[0]);
    case Form::kValue:
    case Form::kFields:
      json_.BeginObject().End();
      return;
  }
}

void Schemas::Request(const MessageSchema& type) {
  if (type.required.empty() || type.form != Form::kFields) return Message(type);
  json_.BeginObject().Key("allOf").BeginArray();
  Message(type);
  json_.BeginObject();
  Required(type.required);
  json_.End();
  for (const Requirement& requirement : type.required) {
    if (requirement.any_of.size() > 1) OneOf(requirement);
  }
  json_.End().End();
}

// Of a oneof one member will do.
void Schemas::Required(const std::vector<Requirement>& required) {
  json_.Key("required").BeginArray();
  for (const Requirement& requirement : required) {
    if (requirement.any_of.size() == 1) json_.String(requirement.any_of[0]->name);
  }
  json_.End();
}

void Schemas::OneOf(const Requirement& requirement) {
  json_.BeginObject().Key("oneOf").BeginArray();
  for (const FieldSchema* member : requirement.any_of) {
    json_.BeginObject().Key("required").BeginArray().String(member->name).End().End();
  }
  json_.End().End();
}

void Schemas::Reply(const MessageSchema& type) {
  type.bare_result != nullptr ? Field(*type.bare_result) : Message(type);
}

void Schemas::WriteDefinitions() {
  for (; !to_write_.empty(); to_write_.pop_front()) {
    json_.Key(NameOf(*to_write_.front()));
    Definition(*to_write_.front());
  }
}

void Schemas::Definition(const MessageSchema& type) {
  json_.BeginObject().Key("type").String("object").Key("properties").BeginObject();
  for (const FieldSchema& field : type.fields) {
    json_.Key(field.name);
    Field(field);
  }
  json_.End().End();
}

void WriteBody(JsonWriter& json, auto write_schema) {
  json.Key("content").BeginObject().Key("application/json").BeginObject().Key("schema");
  write_schema();
  json.End().End();
}

void WriteOperation(const DescribedRoute& route, const Transcoder::Method& method, Schemas& schemas,
                    JsonWriter& json) {
  json.Key(Text(route.path, "/", method.snake_name)).BeginObject().Key("post").BeginObject();
  json.Key("operationId").String(Text(route.name, "/", method.snake_name));
  json.Key("summary").String(Text(method.descriptor->full_name(), " of ", route.name));
  json.Key("tags").BeginArray().String(route.name).End();
  json.Key("requestBody").BeginObject().Key("required").Bool(true);
  WriteBody(json, [&] { schemas.Request(*method.request); });
  json.End();
  json.Key("responses").BeginObject();
  json.Key("200")
      .BeginObject()
      .Key("description")
      .String(Text("the answer of ", method.descriptor->name()));
  WriteBody(json, [&] { schemas.Reply(*method.reply); });
  json.End();
  json.Key("default").BeginObject().Key("$ref").String("#/components/responses/Error").End();
  json.End().End().End();
}

constexpr std::string_view kError =
    R"({"type":"object","required":["error"],"properties":{"error":{"type":"object",)"
    R"("required":["code","message","details","path"],"properties":{)"
    R"("code":{"type":"string","description":"a canonical code of gRPC, as in INVALID_ARGUMENT"},)"
    R"("message":{"type":"string"},)"
    R"("details":{"type":"array","items":{"type":"object","properties":{"type":{"type":"string"},)"
    R"("value_b64":{"type":"string","contentEncoding":"base64"}}}},)"
    R"("path":{"type":"array","description":"the calls that failed, the entrypoint first",)"
    R"("items":{"type":"object","properties":{"chainlet":{"type":"string"},"method":{"type":"string"},)"
    R"("replica":{"type":"string"},"attempt":{"type":"integer"}}}}}}}})";
constexpr std::string_view kErrorResponse =
    R"({"description":"what failed, and where","content":{"application/json":)"
    R"({"schema":{"$ref":"#/components/schemas/Error"}}}})";
constexpr std::string_view kSchemes =
    R"({"apiKey":{"type":"apiKey","in":"header","name":"Authorization","description":"Api-Key KEY"},)"
    R"("bearer":{"type":"http","scheme":"bearer"}})";
constexpr std::string_view kSecurity = R"([{"apiKey":[]},{"bearer":[]}])";

}  // namespace

std::string OpenApi(const std::vector<DescribedRoute>& routes, NeedsKey needs_key) {
  JsonWriter json;
  std::deque<Schemas> schemas;
  json.BeginObject().Key("openapi").String("3.1.0");
  json.Key("info").BeginObject().Key("title").String("Chains").Key("version").String("1").End();
  if (needs_key == NeedsKey::kYes) json.Key("security").Raw(kSecurity);
  json.Key("paths").BeginObject();
  for (const DescribedRoute& route : routes) {
    Schemas& of_route = schemas.emplace_back(route, json);
    for (const auto& method : route.transcoder->methods()) {
      if (method->call.kind == MethodKind::kUnary) WriteOperation(route, *method, of_route, json);
    }
  }
  json.End();
  json.Key("components").BeginObject().Key("schemas").BeginObject().Key("Error").Raw(kError);
  for (Schemas& of_route : schemas) of_route.WriteDefinitions();
  json.End();
  json.Key("responses").BeginObject().Key("Error").Raw(kErrorResponse).End();
  if (needs_key == NeedsKey::kYes) json.Key("securitySchemes").Raw(kSchemes);
  json.End().End();
  return std::move(json).Take();
}

}  // namespace chains::gateway
