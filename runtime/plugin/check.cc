#include "plugin/check.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "chains/v1/options.pb.h"

namespace chains::plugin {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileOptions;

void CheckFile(const FileDescriptor& file, Problems& problems) {
  if (file.syntax() != FileDescriptor::SYNTAX_PROTO3) {
    problems.Add(PositionOf(file, {FileDescriptorProto::kSyntaxFieldNumber}),
                 "a contract is written in proto3, this file in proto2; begin it with: "
                 "syntax = \"proto3\";");
  }
  if (file.package().empty()) {
    problems.Add(Position(),
                 "the file has no package, so its names could clash with those of any "
                 "other; add one, for instance: package hello;");
  }
  if (file.options().cc_generic_services()) {
    problems.Add(PositionOf(file, {FileDescriptorProto::kOptionsFieldNumber,
                                   FileOptions::kCcGenericServicesFieldNumber}),
                 "option cc_generic_services makes protobuf write a class of the service's name, "
                 "which is the contract's name here; remove the option");
  }
}

// Over HTTP a request is a JSON object with the message's fields as its keys.
void CheckRequest(const MethodDescriptor& method, Problems& problems) {
  const std::string& type = method.input_type()->full_name();
  if (!absl::StartsWith(type, "google.protobuf.") || type == "google.protobuf.Empty") return;
  problems.Add(method,
               absl::StrCat("the request of ", method.name(), " is ", type,
                            ", which is no JSON object with a key for each argument; make a "
                            "message with a field for it"));
}

void CheckService(const ServiceDescriptor& service, Problems& problems) {
  if (service.method_count() == 0) {
    problems.Add(service, absl::StrCat("service ", service.name(),
                                       " has no methods; add an rpc or remove the service"));
  }
  for (int i = 0; i < service.method_count(); ++i) CheckRequest(*service.method(i), problems);
}

void CheckOptional(const FieldDescriptor& field, Problems& problems) {
  if (!field.options().HasExtension(chains::v1::optional) || field.is_repeated()) return;
  const std::string instead =
      field.real_containing_oneof() != nullptr
          ? " is a choice of a oneof, which may be left out anyway; remove the option"
          : " is a single value; write `optional` before its type instead";
  problems.Add(field, absl::StrCat("(chains.v1.optional) is for lists and maps, and ", field.name(),
                                   instead));
}

// A JSON object may name a field in either of two ways, so no two fields may share one.
void CheckJsonNames(const Descriptor& message, Problems& problems) {
  std::map<std::string, const FieldDescriptor*> owners;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    for (const std::string& key : {field.name(), field.json_name()}) {
      const auto [owner, is_new] = owners.emplace(key, &field);
      if (is_new || owner->second == &field) continue;
      problems.Add(field, absl::StrCat("in JSON the key \"", key, "\" could mean ", field.name(),
                                       " or ", owner->second->name(), " of ", message.name(),
                                       "; rename one, or give it another json_name"));
      break;
    }
  }
}

void CheckMessage(const Descriptor& message, Problems& problems) {
  CheckJsonNames(message, problems);
  for (int i = 0; i < message.field_count(); ++i) CheckOptional(*message.field(i), problems);
  for (int i = 0; i < message.extension_count(); ++i) {
    CheckOptional(*message.extension(i), problems);
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    CheckMessage(*message.nested_type(i), problems);
  }
}

}  // namespace

std::vector<Problem> Problems::TakeSorted() {
  std::sort(list_.begin(), list_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.position.line, a.position.column, a.text) <
           std::tie(b.position.line, b.position.column, b.text);
  });
  return std::move(list_);
}

std::vector<Problem> Check(const FileDescriptor& file) {
  Problems problems(file);
  CheckFile(file, problems);
  CheckNames(file, problems);
  for (int i = 0; i < file.service_count(); ++i) CheckService(*file.service(i), problems);
  for (int i = 0; i < file.message_type_count(); ++i) {
    CheckMessage(*file.message_type(i), problems);
  }
  return problems.TakeSorted();
}

std::string Report(const std::vector<Problem>& problems) {
  std::string report = absl::StrCat(
      problems.size(), problems.size() == 1 ? " problem" : " problems", " in contracts:");
  for (const Problem& problem : problems) {
    absl::StrAppend(&report, "\n", problem.file, ":", problem.position.line, ":",
                    problem.position.column, ": ", problem.text);
  }
  return report;
}

}  // namespace chains::plugin
