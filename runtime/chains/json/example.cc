#include "chains/json/example.h"

#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace chains::json {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

constexpr int kDeepest = 3;
constexpr int kMostMembers = 100;  // of all objects together; what is inside of more is left out

std::string ExampleObject(const Descriptor& message, int depth, int& members);

// Types whose JSON is not the object of their fields; nullptr for any other.
const char* Special(const Descriptor& message) {
  static const auto* const kSpecial = new std::unordered_map<std::string_view, const char*>{
      {"google.protobuf.Timestamp", "\"2026-01-31T12:00:00Z\""},
      {"google.protobuf.Duration", "\"1.5s\""},
      {"google.protobuf.FieldMask", "\"name\""},
      {"google.protobuf.Struct", "{}"},
      {"google.protobuf.Value", "\"text\""},
      {"google.protobuf.ListValue", "[]"},
      {"google.protobuf.Any", "{}"},
      {"google.protobuf.DoubleValue", "1"},
      {"google.protobuf.FloatValue", "1"},
      {"google.protobuf.Int64Value", "\"1\""},
      {"google.protobuf.UInt64Value", "\"1\""},
      {"google.protobuf.Int32Value", "1"},
      {"google.protobuf.UInt32Value", "1"},
      {"google.protobuf.BoolValue", "true"},
      {"google.protobuf.StringValue", "\"text\""},
      {"google.protobuf.BytesValue", "\"aGVsbG8=\""},
      {"chains.v1.Tensor",
       R"({"data_b64": "AACAPwAAAEA=", "shape": [2], "dtype": "float32"})"},  // 1 and 2
  };
  const auto found = kSpecial->find(message.full_name());
  return found == kSpecial->end() ? nullptr : found->second;
}

// The first that says something.
std::string ExampleName(const EnumDescriptor& type) {
  if (type.full_name() == "google.protobuf.NullValue") return "null";
  const bool says_nothing = absl::EndsWith(type.value(0)->name(), "UNSPECIFIED");
  const int chosen = says_nothing && type.value_count() > 1 ? 1 : 0;
  return absl::StrCat("\"", type.value(chosen)->name(), "\"");
}

std::string ExampleValue(const FieldDescriptor& field, int depth, int& members) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true";
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? "\"aGVsbG8=\"" : "\"text\"";
    case FieldDescriptor::CPPTYPE_ENUM:
      return ExampleName(*field.enum_type());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ExampleObject(*field.message_type(), depth + 1, members);
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "\"1\"";
    default:
      return "1";
  }
}

std::string ExampleField(const FieldDescriptor& field, int depth, int& members) {
  if (field.is_map()) return "{}";
  const bool is_too_deep = field.message_type() != nullptr && depth + 1 >= kDeepest;
  if (field.is_repeated() && is_too_deep) return "[]";
  std::string value = ExampleValue(field, depth, members);
  return field.is_repeated() ? absl::StrCat("[", value, "]") : value;
}

std::string ExampleObject(const Descriptor& message, int depth, int& members) {
  if (const char* special = Special(message)) return special;
  std::vector<std::string> written;
  std::set<const google::protobuf::OneofDescriptor*> chosen;
  const bool is_too_much = depth >= kDeepest || (depth > 0 && members > kMostMembers);
  for (int i = 0; !is_too_much && i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.has_optional_keyword()) continue;
    if (field.real_containing_oneof() && !chosen.insert(field.real_containing_oneof()).second) {
      continue;
    }
    ++members;
    written.push_back(
        absl::StrCat("\"", field.name(), "\": ", ExampleField(field, depth, members)));
  }
  return absl::StrCat("{", absl::StrJoin(written, ", "), "}");
}

}  // namespace

std::string ExampleJson(const Descriptor& message) {
  int members = 0;
  return ExampleObject(message, 0, members);
}

std::string ExampleReplyJson(const Descriptor& message) {
  const bool is_bare = message.field_count() == 1 && message.field(0)->name() == "result";
  int members = 0;
  return is_bare ? ExampleField(*message.field(0), 0, members) : ExampleJson(message);
}

}  // namespace chains::json
