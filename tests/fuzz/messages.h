// What the oracle looks for in messages.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include "everything.pb.h"

namespace chains::json {

// Equal messages have equal bytes.
std::string Deterministic(const google::protobuf::Message& message);

// Whether this program knows the type that `any` names.
bool IsKnown(const google::protobuf::Any& any);
// What an Any holds; nullptr where its type is not known or it is no such message.
std::unique_ptr<google::protobuf::Message> HeldBy(const google::protobuf::Any& any);

// Calls `visit` with `message` and all in it. What an Any holds is visited, too, and written back,
// its fields in order.
template <typename Visit>
void ForEachMessage(google::protobuf::Message& message, Visit visit) {
  visit(message);
  if (message.GetDescriptor() == google::protobuf::Any::descriptor()) {
    auto& any = static_cast<google::protobuf::Any&>(message);
    const std::unique_ptr<google::protobuf::Message> held = HeldBy(any);
    if (held == nullptr) return;
    ForEachMessage(*held, visit);
    any.set_value(Deterministic(*held));
    return;
  }
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      ForEachMessage(*reflection.MutableMessage(&message, field), visit);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      ForEachMessage(*reflection.MutableRepeatedMessage(&message, field, i), visit);
    }
  }
}

// The same for all messages of one type in `wire`; none where that is no message. Answers the
// message.
template <typename Type, typename Visit>
everything::All ForEach(std::string_view wire, Visit visit) {
  everything::All all;
  if (!all.ParseFromArray(wire.data(), static_cast<int>(wire.size()))) return all;
  ForEachMessage(all, [&](google::protobuf::Message& each) {
    if (each.GetDescriptor() == Type::descriptor()) visit(static_cast<Type&>(each));
  });
  return all;
}

// Without unknown fields, and what an Any holds with its fields in order.
void Normalize(google::protobuf::Message& message);

// Whether a part of the message in `wire` takes the place of another: the last of a single field,
// of a oneof's members, or of a map's entries with one key.
bool HoldsReplaced(std::string_view wire);

}  // namespace chains::json
