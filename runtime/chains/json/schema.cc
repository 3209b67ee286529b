#include "chains/json/schema.h"

#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "chains/core/text.h"

namespace chains::json {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using Form = MessageSchema::Form;

constexpr uint32_t kSmallNumbers = 64;

Form FormOf(const Descriptor& descriptor) {
  if (!absl::StartsWith(descriptor.file()->name(), "google/protobuf/")) return Form::kFields;
  static const auto* const kForms = new std::unordered_map<std::string_view, Form>{
      {"google.protobuf.Timestamp", Form::kTimestamp},
      {"google.protobuf.Duration", Form::kDuration},
      {"google.protobuf.FieldMask", Form::kFieldMask},
      {"google.protobuf.Struct", Form::kStruct},
      {"google.protobuf.Value", Form::kValue},
      {"google.protobuf.ListValue", Form::kList},
      {"google.protobuf.Any", Form::kAny},
      {"google.protobuf.DoubleValue", Form::kWrapper},
      {"google.protobuf.FloatValue", Form::kWrapper},
      {"google.protobuf.Int64Value", Form::kWrapper},
      {"google.protobuf.UInt64Value", Form::kWrapper},
      {"google.protobuf.Int32Value", Form::kWrapper},
      {"google.protobuf.UInt32Value", Form::kWrapper},
      {"google.protobuf.BoolValue", Form::kWrapper},
      {"google.protobuf.StringValue", Form::kWrapper},
      {"google.protobuf.BytesValue", Form::kWrapper},
  };
  const auto form = kForms->find(descriptor.full_name());
  return form == kForms->end() ? Form::kFields : form->second;
}

bool IsPackable(const FieldDescriptor& field) {
  const WireType type = WireTypeOf(field.type());
  return field.is_repeated() && type != WireType::kBytes && type != WireType::kGroup;
}

const FieldDescriptor* FindOptional(const FileDescriptor& file) {
  for (int i = 0; i < file.extension_count(); ++i) {
    if (file.extension(i)->full_name() == "chains.v1.optional") return file.extension(i);
  }
  return nullptr;
}

}  // namespace

const FieldSchema* MessageSchema::Named(std::string_view name) const {
  const auto field = by_name.find(name);
  return field == by_name.end() ? nullptr : field->second;
}

const FieldSchema* MessageSchema::Numbered(uint32_t number) const {
  if (number < by_small_number.size()) return by_small_number[number];
  const auto field = by_number.find(number);
  return field == by_number.end() ? nullptr : field->second;
}

Schema::Schema(const std::vector<const FileDescriptor*>& files, Dialect dialect)
    : dialect_(dialect) {
  for (const FileDescriptor* file : files) {
    if (const FieldDescriptor* option = FindOptional(*file)) optional_number_ = option->number();
  }
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) Add(*file->message_type(i));
  }
  for (auto& [name, message] : messages_) Fill(*message);
}

const MessageSchema* Schema::Find(std::string_view full_name) const {
  const auto message = messages_.find(full_name);
  return message == messages_.end() ? nullptr : message->second.get();
}

void Schema::Add(const Descriptor& descriptor) {
  auto message = std::make_unique<MessageSchema>();
  message->descriptor = &descriptor;
  message->form = FormOf(descriptor);
  messages_[descriptor.full_name()] = std::move(message);
  for (int i = 0; i < descriptor.nested_type_count(); ++i) Add(*descriptor.nested_type(i));
}

void Schema::Fill(MessageSchema& message) {
  const Descriptor& descriptor = *message.descriptor;
  const bool is_tensor = descriptor.full_name() == "chains.v1.Tensor";
  message.fields.reserve(descriptor.field_count());
  message.by_small_number.resize(kSmallNumbers);
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (field.type() == FieldDescriptor::TYPE_GROUP) continue;
    FieldSchema& added = message.fields.emplace_back(FieldSchema{
        .descriptor = &field,
        .name = is_tensor && field.name() == "data" ? std::string_view("data_b64") : field.name(),
        .index = message.fields.size(),
        .packable = IsPackable(field),
        .type = field.type(),
        .wire_type = WireTypeOf(field.type()),
        .bare_64_bits = is_tensor || dialect_ == Dialect::kPlain,
        .left_out = field.has_presence() || dialect_ == Dialect::kPlain});
    if (field.message_type() != nullptr) added.message = Find(field.message_type()->full_name());
    if (field.enum_type() != nullptr) added.values = Values(*field.enum_type());
    message.by_number[added.number()] = &added;
    if (added.number() < kSmallNumbers) message.by_small_number[added.number()] = &added;
    message.by_name[added.name] = &added;
  }
  // A field's own name goes before the lowerCamelCase name of another.
  for (const FieldSchema& field : message.fields) {
    message.by_name.try_emplace(field.descriptor->json_name(), &field);
  }
  for (FieldSchema& field : message.fields) {
    const auto* const oneof = field.descriptor->real_containing_oneof();
    for (int i = 0; oneof != nullptr && i < oneof->field_count(); ++i) {
      const FieldSchema* member =
          message.Numbered(static_cast<uint32_t>(oneof->field(i)->number()));
      if (member != nullptr && member != &field) field.excludes.push_back(member);
    }
  }
  if (dialect_ != Dialect::kChains) return;
  message.required = Required(message);
  if (message.fields.size() == 1 && message.fields[0].name == "result") {
    message.bare_result = &message.fields[0];
  }
}

const EnumSchema* Schema::Values(const EnumDescriptor& descriptor) {
  std::unique_ptr<EnumSchema>& values = enums_[descriptor.full_name()];
  if (values != nullptr) return values.get();
  values = std::make_unique<EnumSchema>();
  values->is_null = descriptor.full_name() == "google.protobuf.NullValue";
  const bool is_dtype = descriptor.full_name() == "chains.v1.DType";
  for (int i = 0; i < descriptor.value_count(); ++i) {
    std::string name = descriptor.value(i)->name();
    if (is_dtype) name = absl::AsciiStrToLower(absl::StripPrefix(name, "DTYPE_"));
    values->numbers[name] = descriptor.value(i)->number();
    values->names.try_emplace(descriptor.value(i)->number(), name);
  }
  return values.get();
}

std::vector<Requirement> Schema::Required(const MessageSchema& message) const {
  std::vector<Requirement> required;
  std::unordered_map<const void*, size_t> of_oneof;
  for (const FieldSchema& field : message.fields) {
    const auto* const oneof = field.descriptor->real_containing_oneof();
    if (oneof != nullptr) {
      const auto [known, is_new] = of_oneof.try_emplace(oneof, required.size());
      if (is_new) required.push_back({.name = oneof->name(), .any_of = {}});
      required[known->second].any_of.push_back(&field);
    } else if (!field.descriptor->has_optional_keyword() && !IsMarkedOptional(*field.descriptor)) {
      required.push_back({.name = std::string(field.name), .any_of = {&field}});
    }
  }
  return required;
}

// The option may be a known extension or unknown bytes, as this program links its definition or
// not; written out it is the same.
bool Schema::IsMarkedOptional(const FieldDescriptor& field) const {
  if (optional_number_ == 0) return false;
  const std::string options = field.options().SerializeAsString();
  WireReader reader(options);
  bool marked = false;
  for (WireReader::Field part; reader.Next(part);) {
    if (part.number == static_cast<uint32_t>(optional_number_)) marked = part.value != 0;
  }
  return marked;
}

}  // namespace chains::json
