#include "chains/contract/kept_messages.h"

#include <set>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/reflection.h>

#include "chains/v1/options.pb.h"

namespace chains::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsPrivate(const FieldDescriptor& field) { return field.options().GetExtension(v1::redact); }

// Types may contain themselves.
bool LookInto(const Descriptor& type, std::set<const Descriptor*>& seen) {
  if (!seen.insert(&type).second) return false;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (IsPrivate(field)) return true;
    if (field.message_type() != nullptr && LookInto(*field.message_type(), seen)) return true;
  }
  return false;
}

}  // namespace

bool HasPrivateFields(const Descriptor& type) {
  std::set<const Descriptor*> seen;
  return LookInto(type, seen);
}

void ClearPrivateFields(Message& message) {
  if (!HasPrivateFields(*message.GetDescriptor())) return;
  const Reflection& reflection = *message.GetReflection();
  // What this process's contract does not know may be private in its sender's.
  reflection.MutableUnknownFields(&message)->Clear();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsPrivate(*field)) {
      reflection.ClearField(&message, field);
    } else if (field->message_type() == nullptr) {
      continue;
    } else if (!field->is_repeated()) {
      ClearPrivateFields(*reflection.MutableMessage(&message, field));
    } else {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        ClearPrivateFields(*reflection.MutableRepeatedMessage(&message, field, i));
      }
    }
  }
}

std::optional<std::string> PublicBytes(CallRecord& record, const Message& message) {
  if (!HasPrivateFields(*message.GetDescriptor())) {
    if (!record.HasRoomFor(message.ByteSizeLong())) return std::nullopt;
    return message.SerializePartialAsString();
  }
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  ClearPrivateFields(*copy);
  if (!record.HasRoomFor(copy->ByteSizeLong())) return std::nullopt;
  return copy->SerializePartialAsString();
}

void KeepOnly(CallRecord& record, CallRecord::Side side, const Message& message) {
  if (record.Has(side)) return;
  if (std::optional<std::string> bytes = PublicBytes(record, message)) {
    record.Keep(side, *std::move(bytes));
  }
}

// What is kept of a stream is its beginning, without gaps.
void KeepOneOf(CallRecord& record, CallRecord::Side side, const Message& message) {
  if (record.messages() != nullptr && record.messages()->cut) return;
  if (const std::optional<std::string> bytes = PublicBytes(record, message)) {
    record.KeepItem(side, *bytes);
  }
}

}  // namespace chains::internal
