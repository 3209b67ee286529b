#include "tests/fuzz/messages.h"

#include <set>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/unknown_field_set.h>

namespace chains::json {
namespace {

using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

const Descriptor* TypeOf(const Any& any) {
  const std::string name = any.type_url().substr(any.type_url().rfind('/') + 1);
  return DescriptorPool::generated_pool()->FindMessageTypeByName(name);
}

// The key in an entry of a map; equal keys are equal texts.
std::string KeyOf(const FieldDescriptor& map, const UnknownFieldSet& entry) {
  const FieldDescriptor& key = *map.message_type()->map_key();
  std::string text;
  uint64_t number = 0;
  for (int i = 0; i < entry.field_count(); ++i) {
    const UnknownField& part = entry.field(i);
    if (part.number() != 1) continue;
    if (part.type() == UnknownField::TYPE_LENGTH_DELIMITED) text = part.length_delimited();
    if (part.type() == UnknownField::TYPE_VARINT) number = part.varint();
    if (part.type() == UnknownField::TYPE_FIXED32) number = part.fixed32();
    if (part.type() == UnknownField::TYPE_FIXED64) number = part.fixed64();
  }
  if (key.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return text;
  if (key.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return number != 0 ? "true" : "false";
  const bool is_64 = key.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
                     key.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
  return std::to_string(is_64 ? number : static_cast<uint32_t>(number));
}

bool HoldsReplacedOf(const Descriptor& type, const std::string& wire) {
  UnknownFieldSet fields;
  if (!fields.ParseFromString(wire)) return false;
  std::set<const void*> single;   // fields and oneofs seen
  std::set<std::string> entries;  // of maps
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& part = fields.field(i);
    const FieldDescriptor* field = type.FindFieldByNumber(part.number());
    if (field == nullptr) continue;
    const void* oneof = field->real_containing_oneof();
    const void* place = oneof != nullptr ? oneof : field;
    if (!field->is_repeated() && !single.insert(place).second) return true;
    const bool is_bytes = part.type() == UnknownField::TYPE_LENGTH_DELIMITED;
    if (!is_bytes || field->message_type() == nullptr) continue;
    const std::string& bytes = part.length_delimited();
    if (HoldsReplacedOf(*field->message_type(), bytes)) return true;
    UnknownFieldSet entry;
    if (!field->is_map() || !entry.ParseFromString(bytes)) continue;
    if (!entries.insert(field->name() + ":" + KeyOf(*field, entry)).second) return true;
  }
  return false;
}

}  // namespace

std::string Deterministic(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializePartialToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

bool IsKnown(const Any& any) { return TypeOf(any) != nullptr; }

std::unique_ptr<Message> HeldBy(const Any& any) {
  const Descriptor* type = TypeOf(any);
  if (type == nullptr) return nullptr;
  std::unique_ptr<Message> held(MessageFactory::generated_factory()->GetPrototype(type)->New());
  return held->ParseFromString(any.value()) ? std::move(held) : nullptr;
}

void Normalize(Message& message) {
  ForEachMessage(message,
                 [](Message& each) { each.GetReflection()->MutableUnknownFields(&each)->Clear(); });
}

bool HoldsReplaced(std::string_view wire) {
  return HoldsReplacedOf(*everything::All::descriptor(), std::string(wire));
}

}  // namespace chains::json
