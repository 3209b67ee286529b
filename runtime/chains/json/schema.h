// Schema: what JSON must know of each message of a contract, computed once from its descriptors.
// Immutable afterwards, so any thread may read it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "chains/json/wire.h"

namespace chains::json {

struct MessageSchema;

// How JSON looks.
enum class Dialect {
  // Ours, as a gateway speaks it: required arguments, a bare `result`, proto3's JSON mapping.
  kChains,
  // proto3's JSON mapping alone, with defaults printed: nothing is required.
  kProto3,
  // Of services elsewhere, who know nothing of protobuf: what is absent, or has its default in a
  // field that is not `optional`, is left out; 64-bit integers are numbers; nothing is required.
  kPlain
};

struct EnumSchema {
  std::unordered_map<std::string, int32_t> numbers;
  std::unordered_map<int32_t, std::string> names;
  bool is_null = false;  // google.protobuf.NullValue
};

struct FieldSchema {
  const google::protobuf::FieldDescriptor* descriptor;
  std::string_view name;  // as replies have it; requests may also use the lowerCamelCase name
  size_t index;           // in MessageSchema::fields
  bool packable;          // repeated numbers may travel as one run of bytes
  google::protobuf::FieldDescriptor::Type type;  // the descriptor's, which takes a call to read
  WireType wire_type;                            // how a value of it travels that is not packed
  bool bare_64_bits = false;               // 64-bit integers are JSON numbers here, not strings
  bool left_out = false;                   // where it is absent, instead of its default
  const MessageSchema* message = nullptr;  // of fields that hold messages, maps among them
  const EnumSchema* values = nullptr;      // of fields that hold an enum
  std::vector<const FieldSchema*> excludes = {};  // the others of its oneof

  uint32_t number() const { return static_cast<uint32_t>(descriptor->number()); }
};

// One argument that a request must have: a field, or any member of a oneof.
struct Requirement {
  std::string name;
  std::vector<const FieldSchema*> any_of;
};

struct MessageSchema {
  // How the JSON of a message looks: an object of its fields, or as proto3 JSON has it for the
  // types that protobuf itself defines.
  enum class Form {
    kFields,
    kWrapper,
    kTimestamp,
    kDuration,
    kFieldMask,
    kStruct,
    kValue,
    kList,
    kAny
  };

  const google::protobuf::Descriptor* descriptor;
  Form form = Form::kFields;
  std::vector<FieldSchema> fields;    // in the order of the contract
  std::vector<Requirement> required;  // of a request of this type
  // The field `result` of a message that has no other.
  const FieldSchema* bare_result = nullptr;

  const FieldSchema* Named(std::string_view name) const;
  const FieldSchema* Numbered(uint32_t number) const;

  std::unordered_map<std::string_view, const FieldSchema*> by_name;
  std::unordered_map<uint32_t, const FieldSchema*> by_number;
  std::vector<const FieldSchema*> by_small_number;
};

class Schema {
 public:
  // Of every message in `files`, which outlive the schema.
  explicit Schema(const std::vector<const google::protobuf::FileDescriptor*>& files,
                  Dialect dialect = Dialect::kChains);
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  // nullptr for a message of no such file.
  const MessageSchema* Find(std::string_view full_name) const;

 private:
  void Add(const google::protobuf::Descriptor& descriptor);
  void Fill(MessageSchema& message);
  const EnumSchema* Values(const google::protobuf::EnumDescriptor& descriptor);
  bool IsMarkedOptional(const google::protobuf::FieldDescriptor& field) const;
  std::vector<Requirement> Required(const MessageSchema& message) const;

  const Dialect dialect_;
  int optional_number_ = 0;  // of the option (chains.v1.optional); 0: no file here knows it
  std::unordered_map<std::string_view, std::unique_ptr<MessageSchema>> messages_;
  std::unordered_map<std::string_view, std::unique_ptr<EnumSchema>> enums_;
};

}  // namespace chains::json
