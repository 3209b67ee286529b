#include "chains/json/example.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace chains::json {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

std::string ExampleObject(const Descriptor& message, int depth);

std::string ExampleValue(const FieldDescriptor& field, int depth) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true";
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? "\"aGVsbG8=\"" : "\"text\"";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat("\"", field.enum_type()->value(0)->name(), "\"");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ExampleObject(*field.message_type(), depth + 1);
    default:
      return "1";
  }
}

std::string ExampleObject(const Descriptor& message, int depth) {
  std::vector<std::string> members;
  std::set<const google::protobuf::OneofDescriptor*> chosen;
  for (int i = 0; depth < 3 && i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.has_optional_keyword()) continue;
    if (field.real_containing_oneof() && !chosen.insert(field.real_containing_oneof()).second) {
      continue;
    }
    std::string value = field.is_map()        ? "{}"
                        : field.is_repeated() ? absl::StrCat("[", ExampleValue(field, depth), "]")
                                              : ExampleValue(field, depth);
    members.push_back(absl::StrCat("\"", field.name(), "\": ", value));
  }
  return absl::StrCat("{", absl::StrJoin(members, ", "), "}");
}

}  // namespace

std::string ExampleJson(const Descriptor& message) { return ExampleObject(message, 0); }

}  // namespace chains::json
