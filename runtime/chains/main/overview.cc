#include "chains/main/overview.h"

#include <set>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace chains::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

absl::string_view Text(std::string_view text) { return {text.data(), text.size()}; }

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

void AppendTree(const ChainSpec& chain, std::string_view name, const std::string& indent,
                std::set<std::string>& shown, std::string& out) {
  const ChainletSpec* chainlet = chain.Find(name);
  absl::StrAppend(&out, indent, Text(name));
  if (chainlet == nullptr) return;
  absl::StrAppend(&out, "  ",
                  chainlet->implementation.empty() ? "(declared, no implementation)"
                                                   : chainlet->implementation);
  if (!chainlet->resources.gpu.empty()) {
    absl::StrAppend(&out, "  ", chainlet->resources.gpu_count, " × ", chainlet->resources.gpu);
  }
  absl::StrAppend(&out, "\n");
  if (!shown.insert(std::string(name)).second) return;
  for (const DependencySpec& dependency : chainlet->dependencies) {
    AppendTree(chain, dependency.callee->info->name, indent + "  └─ ", shown, out);
  }
}

}  // namespace

std::string ExampleRequest(const ChainSpec& chain) {
  const ChainletSpec* entrypoint = chain.Entrypoint();
  if (entrypoint == nullptr) return "{}";
  return ExampleObject(*entrypoint->contract->info->descriptor()->method(0)->input_type(), 0);
}

std::string Overview(const ChainSpec& chain, const std::string& program) {
  std::string out = absl::StrCat("The chain ", chain.name, ":\n\n");
  std::set<std::string> shown;
  if (const ChainletSpec* entrypoint = chain.Entrypoint()) {
    AppendTree(chain, entrypoint->name(), "  ", shown, out);
  }
  absl::StrAppend(&out, "\nAnswer a request:    ", program, " run '", ExampleRequest(chain), "'\n",
                  "Print the manifest:  ", program, " --describe\n",
                  "Serve gRPC:          ", program, " serve --listen 127.0.0.1:9000\n",
                  "All options:         ", program, " --help\n");
  return out;
}

}  // namespace chains::internal
