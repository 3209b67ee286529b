#include "gateway/openapi/schemas.h"

#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "gateway/openapi/comments.h"

namespace chains::gateway::openapi {

using google::protobuf::EnumDescriptor;
using json::EnumSchema;
using json::FieldSchema;
using json::JsonWriter;
using json::MessageSchema;
using json::Requirement;
using json::Transcoder;
using Form = MessageSchema::Form;

namespace {

std::string ShortOf(const std::string& full_name, const std::string& package) {
  return package.empty() ? full_name : full_name.substr(package.size() + 1);
}

std::vector<const Requirement*> OneOfsOf(const MessageSchema& type) {
  std::vector<const Requirement*> oneofs;
  for (const Requirement& requirement : type.required) {
    if (requirement.any_of.size() > 1) oneofs.push_back(&requirement);
  }
  return oneofs;
}

// A request must hold its arguments, of a oneof any; a reply holds whatever has no "absent".
void WriteRequired(const MessageSchema& type, Schemas::Role role, JsonWriter& out) {
  std::vector<std::string_view> names;
  if (role == Schemas::Role::kReply) {
    for (const FieldSchema& field : type.fields) {
      if (!field.descriptor->has_presence()) names.push_back(field.name);
    }
  } else if (role == Schemas::Role::kArgument) {
    for (const Requirement& requirement : type.required) {
      if (requirement.any_of.size() == 1) names.push_back(requirement.any_of[0]->name);
    }
  }
  if (names.empty()) return;
  out.Key("required").BeginArray();
  for (const std::string_view name : names) out.String(name);
  out.End();
}

// Where nothing must be there, a request and what is inside of one are the same.
Schemas::Role RoleOf(const MessageSchema& type, Schemas::Role role) {
  const bool is_free = role == Schemas::Role::kInput && type.required.empty();
  return is_free ? Schemas::Role::kArgument : role;
}

std::string OneOfNote(const MessageSchema& type) {
  std::string note;
  for (int i = 0; i < type.descriptor->real_oneof_decl_count(); ++i) {
    const auto& oneof = *type.descriptor->oneof_decl(i);
    std::vector<std::string> members;
    for (int j = 0; j < oneof.field_count(); ++j) members.push_back(oneof.field(j)->name());
    const std::string about = CommentOf(oneof);
    note = Paragraphs(note, Text("At most one of `", absl::StrJoin(members, "`, `"), "`",
                                 about.empty() ? "." : ": ", about));
  }
  return note;
}

}  // namespace

bool ServesFiles(const Transcoder::Method& method) {
  return method.call.kind == MethodKind::kServerStreaming &&
         method.descriptor->input_type()->full_name() == "chains.v1.FileRequest" &&
         method.descriptor->output_type()->full_name() == "chains.v1.FilePart";
}

Schemas::Schemas(const Transcoder& contract, std::set<std::string> reserved, std::string prefix)
    : contract_(contract), reserved_(std::move(reserved)), prefix_(std::move(prefix)) {
  for (const auto& method : contract_.methods()) ReachMethod(*method);
  while (!to_reach_.empty()) {
    const auto [type, role] = to_reach_.front();
    to_reach_.pop_front();
    const Role inner = role == Role::kReply ? role : Role::kInput;
    for (const FieldSchema& field : type->fields) ReachField(field, inner);
  }
  for (const auto& [type, roles] : messages_) {
    const auto& descriptor = *type->descriptor;
    ++shorts_[ShortOf(descriptor.full_name(), descriptor.file()->package())];
  }
  for (const auto& [type, values] : enums_) {
    ++shorts_[ShortOf(type->full_name(), type->file()->package())];
  }
}

void Schemas::ReachMethod(const Transcoder::Method& method) {
  if (ServesFiles(method)) return;
  Reach(*method.request, Role::kArgument);
  const FieldSchema* const bare = method.reply->bare_result;
  bare != nullptr ? ReachField(*bare, Role::kReply) : Reach(*method.reply, Role::kReply);
}

void Schemas::Reach(const MessageSchema& type, Role role) {
  if (type.form != Form::kFields) return;
  if (messages_[&type].insert(RoleOf(type, role)).second) to_reach_.emplace_back(&type, role);
}

void Schemas::ReachField(const FieldSchema& field, Role role) {
  if (field.descriptor->is_map()) return ReachField(*field.message->Numbered(2), role);
  if (field.message != nullptr) Reach(*field.message, role);
  if (field.values != nullptr && !field.values->is_null) {
    enums_[field.descriptor->enum_type()] = field.values;
  }
}

std::string Schemas::Named(const std::string& full_name, const std::string& package) const {
  std::string name = ShortOf(full_name, package);
  const auto same = shorts_.find(name);
  const bool is_taken = reserved_.count(name) > 0 || (same != shorts_.end() && same->second > 1);
  if (naming_ == Naming::kPrefixed) return Text(prefix_, ".", full_name);
  return naming_ == Naming::kFull || is_taken ? full_name : name;
}

// Of its roles the first has the plain name.
std::string Schemas::NameOf(const MessageSchema& type, Role role) const {
  const auto& descriptor = *type.descriptor;
  const std::string name = Named(descriptor.full_name(), descriptor.file()->package());
  const std::set<Role>& roles = messages_.at(&type);
  role = RoleOf(type, role);
  if (*roles.begin() == role) return name;
  const bool is_second = roles.count(Role::kReply) > 0 &&
                         (role == Role::kArgument || roles.count(Role::kArgument) == 0);
  return Text(name, is_second ? "-Input" : "-NestedInput");
}

void Schemas::WriteArgument(const MessageSchema& type, JsonWriter& out) const {
  out.BeginObject();
  MessageKeys(type, Role::kArgument, out);
  out.End();
}

void Schemas::WriteReply(const MessageSchema& type, JsonWriter& out) const {
  const FieldSchema* const bare = type.bare_result;
  out.BeginObject();
  if (bare == nullptr) {
    MessageKeys(type, Role::kReply, out);
  } else if (bare->descriptor->has_presence()) {
    out.Key("anyOf").BeginArray().BeginObject();
    FieldKeys(*bare, Role::kReply, out);
    out.End().BeginObject().Key("type").String("null").End().End();
  } else {
    FieldKeys(*bare, Role::kReply, out);
  }
  if (bare != nullptr) DescribeField(*bare, out);
  out.End();
}

// With properties of its own each alternative is a type for generators.
void Schemas::OneOfKeys(const Requirement& requirement, JsonWriter& out) const {
  out.Key("oneOf").BeginArray();
  for (const FieldSchema* member : requirement.any_of) {
    out.BeginObject().Key("type").String("object");
    out.Key("required").BeginArray().String(member->name).End();
    out.Key("properties").BeginObject().Key(member->name);
    WriteField(*member, Role::kInput, out);
    out.End().End();
  }
  out.End();
}

std::map<std::string, std::string> Schemas::Definitions() const {
  std::map<std::string, std::string> definitions;
  for (const auto& [type, roles] : messages_) {
    for (const Role role : roles) definitions[NameOf(*type, role)] = Definition(*type, role);
  }
  for (const auto& [type, values] : enums_) {
    definitions[Named(type->full_name(), type->file()->package())] = EnumDefinition(*type, *values);
  }
  return definitions;
}

std::string Schemas::Definition(const MessageSchema& type, Role role) const {
  JsonWriter out;
  out.BeginObject().Key("type").String("object");
  const std::string description = Paragraphs(CommentOf(*type.descriptor), OneOfNote(type));
  if (!description.empty()) out.Key("description").String(description);
  if (type.descriptor->options().deprecated()) out.Key("deprecated").Bool(true);
  out.Key("properties").BeginObject();
  const Role inner = role == Role::kReply ? role : Role::kInput;
  for (const FieldSchema& field : type.fields) {
    out.Key(field.name);
    WriteField(field, inner, out);
  }
  out.End();
  WriteRequired(type, role, out);
  const std::vector<const Requirement*> oneofs = OneOfsOf(type);
  if (role == Role::kArgument && oneofs.size() == 1) OneOfKeys(*oneofs[0], out);
  if (role == Role::kArgument && oneofs.size() > 1) {
    out.Key("allOf").BeginArray();
    for (const Requirement* oneof : oneofs) {
      out.BeginObject();
      OneOfKeys(*oneof, out);
      out.End();
    }
    out.End();
  }
  out.End();
  return std::move(out).Take();
}

// Names in the order of the contract; of several names of a number the first.
std::string Schemas::EnumDefinition(const EnumDescriptor& type, const EnumSchema& values) const {
  JsonWriter out;
  out.BeginObject().Key("type").String("string").Key("enum").BeginArray();
  std::string described;
  std::set<int> seen;
  for (int i = 0; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    if (!seen.insert(value.number()).second) continue;
    const std::string& name = values.names.at(value.number());
    out.String(name);
    std::string about = CommentOf(value);
    if (value.options().deprecated()) about = Text("(deprecated) ", about);
    if (!about.empty()) described += Text("\n- `", name, "`: ", about);
  }
  out.End();
  if (!described.empty()) described.erase(0, 1);
  const std::string description = Paragraphs(CommentOf(type), described);
  if (!description.empty()) out.Key("description").String(description);
  if (type.options().deprecated()) out.Key("deprecated").Bool(true);
  out.End();
  return std::move(out).Take();
}

}  // namespace chains::gateway::openapi
