// Schemas: the messages of one contract as JSON Schema, the way that JSON of chains has them.
//
//   Schemas schemas(*transcoder, reserved);
//   schemas.WriteReply(*method.reply, json);         // {"$ref":"#/components/schemas/Greeting"}
//   for (const auto& [name, text] : schemas.Definitions()) json.Key(name).Raw(text);
//
// A request and a reply of the same message differ: a reply holds every field that is not optional,
// and 64-bit integers as strings; a request must hold what its arguments are, and numbers will do.
// So a message may have up to three definitions: plain, …-Input and …-NestedInput.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "chains/json/json_writer.h"
#include "chains/json/schema.h"
#include "chains/json/transcoder.h"

namespace chains::gateway::openapi {

class Schemas {
 public:
  enum class Role { kReply, kArgument, kInput };  // kInput: inside of a request
  // How definitions are named: "Greeting", "hello.Greeting", "hello.production.hello.Greeting"
  enum class Naming { kShort, kFull, kPrefixed };

  // `contract` outlives this. No definition gets a name in `reserved`. `prefix` is a route's name.
  Schemas(const json::Transcoder& contract, std::set<std::string> reserved, std::string prefix);
  Schemas(const Schemas&) = delete;
  Schemas& operator=(const Schemas&) = delete;

  void SetNaming(Naming naming) { naming_ = naming; }

  // A schema: of a whole request, of a whole reply (the bare result where it has one).
  void WriteArgument(const json::MessageSchema& type, json::JsonWriter& out) const;
  void WriteReply(const json::MessageSchema& type, json::JsonWriter& out) const;
  // Of one field of a request, with its description.
  void WriteField(const json::FieldSchema& field, Role role, json::JsonWriter& out) const;

  // All that they refer to, and what that refers to: name → schema.
  std::map<std::string, std::string> Definitions() const;

 private:
  void ReachMethod(const json::Transcoder::Method& method);
  void Reach(const json::MessageSchema& type, Role role);
  void ReachField(const json::FieldSchema& field, Role role);

  std::string NameOf(const json::MessageSchema& type, Role role) const;
  std::string Named(const std::string& full_name, const std::string& package) const;

  // Keys of a schema whose object is open.
  void FieldKeys(const json::FieldSchema& field, Role role, json::JsonWriter& out) const;
  void MapKeys(const json::FieldSchema& field, Role role, json::JsonWriter& out) const;
  void ValueKeys(const json::FieldSchema& field, Role role, json::JsonWriter& out) const;
  void MessageKeys(const json::MessageSchema& type, Role role, json::JsonWriter& out) const;
  void WellKnownKeys(const json::MessageSchema& type, Role role, json::JsonWriter& out) const;
  void OneOfKeys(const json::Requirement& requirement, json::JsonWriter& out) const;
  void DescribeField(const json::FieldSchema& field, json::JsonWriter& out) const;

  std::string Definition(const json::MessageSchema& type, Role role) const;
  std::string EnumDefinition(const google::protobuf::EnumDescriptor& type,
                             const json::EnumSchema& values) const;

  const json::Transcoder& contract_;
  const std::set<std::string> reserved_;
  const std::string prefix_;
  Naming naming_ = Naming::kShort;
  std::map<const json::MessageSchema*, std::set<Role>> messages_;
  std::map<const google::protobuf::EnumDescriptor*, const json::EnumSchema*> enums_;
  std::deque<std::pair<const json::MessageSchema*, Role>> to_reach_;  // contracts may be deep
  std::map<std::string, int> shorts_;  // how many there are of a short name
};

// Whether the method serves files: FileRequest to a stream of FilePart.
bool ServesFiles(const json::Transcoder::Method& method);

}  // namespace chains::gateway::openapi
