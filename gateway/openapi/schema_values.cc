// What a field's value looks like in JSON.
#include <string_view>

#include <google/protobuf/descriptor.pb.h>

#include "chains/core/text.h"
#include "gateway/openapi/comments.h"
#include "gateway/openapi/schemas.h"

namespace chains::gateway::openapi {

using google::protobuf::FieldDescriptor;
using json::FieldSchema;
using json::JsonWriter;
using json::MessageSchema;
using Form = MessageSchema::Form;

namespace {

void Type(std::string_view type, std::string_view format, JsonWriter& out) {
  out.Key("type").String(type);
  if (!format.empty()) out.Key("format").String(format);
}

// Proto3's JSON has them as strings, which keep every digit; in a request a number will do.
void WideInteger(const FieldSchema& field, Schemas::Role role, JsonWriter& out) {
  const bool is_signed = field.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_INT64;
  const std::string_view format = is_signed ? "int64" : "uint64";
  if (field.bare_64_bits) return Type("integer", format, out);
  if (role == Schemas::Role::kReply) return Type("string", format, out);
  out.Key("type").BeginArray().String("string").String("integer").End();
  out.Key("format").String(format);
}

void ScalarKeys(const FieldSchema& field, Schemas::Role role, JsonWriter& out) {
  switch (field.descriptor->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      out.Key("type").String("string");
      if (field.type == FieldDescriptor::TYPE_BYTES) out.Key("contentEncoding").String("base64");
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      return Type("boolean", "", out);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Type("number", "double", out);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Type("number", "float", out);
    case FieldDescriptor::CPPTYPE_INT32:
      return Type("integer", "int32", out);
    case FieldDescriptor::CPPTYPE_UINT32:
      Type("integer", "uint32", out);
      out.Key("minimum").Integer(0);
      return;
    default:
      return WideInteger(field, role, out);
  }
}

// JSON has strings for keys only.
void KeyPattern(const FieldSchema& key, JsonWriter& out) {
  switch (key.descriptor->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      out.Key("propertyNames").Raw(R"({"enum":["true","false"]})");
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      out.Key("propertyNames").Raw(R"({"pattern":"^[0-9]+$"})");
      return;
    default:
      out.Key("propertyNames").Raw(R"({"pattern":"^-?[0-9]+$"})");
      return;
  }
}

}  // namespace

void Schemas::WriteField(const FieldSchema& field, Role role, JsonWriter& out) const {
  out.BeginObject();
  FieldKeys(field, role, out);
  DescribeField(field, out);
  out.End();
}

void Schemas::DescribeField(const FieldSchema& field, JsonWriter& out) const {
  const std::string comment = CommentOf(*field.descriptor);
  if (!comment.empty()) out.Key("description").String(comment);
  if (field.descriptor->options().deprecated()) out.Key("deprecated").Bool(true);
}

void Schemas::FieldKeys(const FieldSchema& field, Role role, JsonWriter& out) const {
  if (field.descriptor->is_map()) return MapKeys(field, role, out);
  if (!field.descriptor->is_repeated()) return ValueKeys(field, role, out);
  out.Key("type").String("array").Key("items").BeginObject();
  ValueKeys(field, role, out);
  out.End();
}

void Schemas::MapKeys(const FieldSchema& field, Role role, JsonWriter& out) const {
  out.Key("type").String("object").Key("additionalProperties").BeginObject();
  ValueKeys(*field.message->Numbered(2), role, out);
  out.End();
  KeyPattern(*field.message->Numbered(1), out);
}

void Schemas::ValueKeys(const FieldSchema& field, Role role, JsonWriter& out) const {
  if (field.message != nullptr) return MessageKeys(*field.message, role, out);
  if (field.values == nullptr) return ScalarKeys(field, role, out);
  if (field.values->is_null) return Type("null", "", out);
  const auto& type = *field.descriptor->enum_type();
  const std::string name = Named(type.full_name(), type.file()->package());
  out.Key("$ref").String(Text("#/components/schemas/", name));
}

void Schemas::MessageKeys(const MessageSchema& type, Role role, JsonWriter& out) const {
  if (type.form != Form::kFields) return WellKnownKeys(type, role, out);
  out.Key("$ref").String(Text("#/components/schemas/", NameOf(type, role)));
}

void Schemas::WellKnownKeys(const MessageSchema& type, Role role, JsonWriter& out) const {
  switch (type.form) {
    case Form::kTimestamp:
      return Type("string", "date-time", out);
    case Form::kDuration:
      Type("string", "", out);
      out.Key("pattern").String(R"(^-?[0-9]+(\.[0-9]{1,9})?s$)");
      return;
    case Form::kFieldMask:
      Type("string", "", out);
      return;
    case Form::kStruct:
      Type("object", "", out);
      out.Key("additionalProperties").Bool(true);
      return;
    case Form::kAny:
      Type("object", "", out);
      out.Key("properties").Raw(R"({"@type":{"type":"string"}})");
      out.Key("additionalProperties").Bool(true);
      return;
    case Form::kList:
      Type("array", "", out);
      out.Key("items").BeginObject().End();
      return;
    case Form::kWrapper:
      return ValueKeys(type.fields[0], role, out);
    case Form::kValue:
    case Form::kFields:
      return;  // any JSON
  }
}

}  // namespace chains::gateway::openapi
