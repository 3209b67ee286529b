#include "chains/json/wire_to_json.h"

#include <bit>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chains/core/text.h"
#include "chains/json/json_writer.h"
#include "chains/json/spans.h"
#include "chains/json/well_known.h"
#include "chains/json/wire.h"

namespace chains::json {
namespace {

using google::protobuf::FieldDescriptor;
using Form = MessageSchema::Form;

constexpr int kMaxMessageDepth = 200;

class Reader {
 public:
  Reader(const Schema& schema, size_t max_bytes) : schema_(schema), max_bytes_(max_bytes) {}

  absl::StatusOr<std::string> Reply(const MessageSchema& type, std::string_view wire);

 private:
  bool Message(const MessageSchema& type, std::string_view wire);
  bool Body(const MessageSchema& type, std::string_view wire);
  bool FieldsOf(const MessageSchema& type, std::string_view wire);
  bool Member(const FieldSchema& field, const Spans& spans);
  bool List(const FieldSchema& field, std::string_view span);
  bool Packed(const FieldSchema& field, std::string_view run);
  bool Map(const FieldSchema& field, std::string_view span);
  bool MapEntry(const FieldSchema& field, std::string_view key, std::string_view entry);
  bool Single(const FieldSchema& field, std::string_view span);
  bool Scalar(const FieldSchema& field, const WireReader::Field& value);
  bool Number(const FieldSchema& field, uint64_t bits);
  void Signed(const FieldSchema& field, int64_t number);
  void Unsigned(const FieldSchema& field, uint64_t number);
  bool EnumValue(const FieldSchema& field, int32_t number);
  std::optional<std::string> MapKey(const FieldSchema& field, std::string_view entry);

  bool Time(const MessageSchema& type, const Spans& spans);
  bool FieldMask(const FieldSchema& paths, std::string_view span);
  bool Value(const MessageSchema& type, const Spans& spans);
  bool AnyValue(const MessageSchema& type, const Spans& spans);

  bool Fail(std::string_view problem);

  const Schema& schema_;
  const size_t max_bytes_;
  JsonWriter json_;
  int depth_ = 0;
  absl::Status status_;
};

absl::StatusOr<std::string> Reader::Reply(const MessageSchema& type, std::string_view wire) {
  if (type.bare_result != nullptr) {
    const Spans spans(type, wire);
    if (!spans.ok()) {
      Fail(Text("not a ", type.descriptor->full_name()));
    } else if (!spans.Has(*type.bare_result) && type.bare_result->descriptor->has_presence()) {
      json_.Null();
    } else {
      Member(*type.bare_result, spans);
    }
  } else {
    Message(type, wire);
  }
  if (!json_.valid()) Fail("a string in the reply is not valid UTF-8");
  if (!status_.ok()) return status_;
  return std::move(json_).Take();
}

bool Reader::Message(const MessageSchema& type, std::string_view wire) {
  if (json_.size() > max_bytes_) {
    status_.Update(absl::ResourceExhaustedError(
        Text("the reply is larger than ", max_bytes_, " bytes as JSON")));
    return false;
  }
  if (++depth_ > kMaxMessageDepth) return Fail("the reply is nested too deeply");
  const bool done = Body(type, wire);
  --depth_;
  return done;
}

bool Reader::Body(const MessageSchema& type, std::string_view wire) {
  if (type.form == Form::kFields) {
    json_.BeginObject();
    const bool done = FieldsOf(type, wire);
    json_.End();
    return done;
  }
  const Spans spans(type, wire);
  if (!spans.ok()) return Fail(Text("not a ", type.descriptor->full_name()));
  switch (type.form) {
    case Form::kWrapper:
      return Single(type.fields[0], spans.Of(type.fields[0]));
    case Form::kTimestamp:
    case Form::kDuration:
      return Time(type, spans);
    case Form::kFieldMask:
      return FieldMask(type.fields[0], spans.Of(type.fields[0]));
    case Form::kStruct:
      return Map(type.fields[0], spans.Of(type.fields[0]));
    case Form::kList:
      return List(type.fields[0], spans.Of(type.fields[0]));
    case Form::kValue:
      return Value(type, spans);
    case Form::kAny:
      return AnyValue(type, spans);
    case Form::kFields:
      break;
  }
  return false;
}

bool Reader::FieldsOf(const MessageSchema& type, std::string_view wire) {
  const Spans spans(type, wire);
  if (!spans.ok()) return Fail(Text("not a ", type.descriptor->full_name()));
  for (const FieldSchema& field : type.fields) {
    if (field.left_out && !spans.Has(field)) continue;
    json_.Key(field.name);
    if (!Member(field, spans)) return false;
  }
  return true;
}

bool Reader::Member(const FieldSchema& field, const Spans& spans) {
  const std::string_view span = spans.Of(field);
  if (field.descriptor->is_map()) return Map(field, span);
  if (field.descriptor->is_repeated()) return List(field, span);
  return Single(field, span);
}

bool Reader::List(const FieldSchema& field, std::string_view span) {
  json_.BeginArray();
  WireReader reader(span);
  for (WireReader::Field value; NextOf(field, reader, value) && status_.ok();) {
    if (field.packable && value.type == WireType::kBytes) {
      Packed(field, value.bytes);
    } else if (field.message != nullptr) {
      Message(*field.message, value.bytes);
    } else {
      Scalar(field, value);
    }
  }
  json_.End();
  return status_.ok();
}

bool Reader::Packed(const FieldSchema& field, std::string_view run) {
  const WireType type = field.wire_type;
  WireReader reader(run);
  for (uint64_t bits = 0; reader.NextPacked(type, bits);) Number(field, bits);
  return reader.ok() || Fail(Text(field.descriptor->full_name(), " is no packed list"));
}

// Of several entries with one key the last counts.
bool Reader::Map(const FieldSchema& field, std::string_view span) {
  std::vector<std::pair<std::string, std::string_view>> entries;
  std::unordered_map<std::string, size_t> of_key;
  WireReader reader(span);
  for (WireReader::Field value; NextOf(field, reader, value);) {
    std::optional<std::string> key = MapKey(field, value.bytes);
    if (!key) return Fail(Text(field.descriptor->full_name(), " has an entry that is none"));
    const auto [known, is_new] = of_key.try_emplace(*key, entries.size());
    if (is_new) entries.emplace_back(*std::move(key), std::string_view());
    entries[known->second].second = value.bytes;
  }
  json_.BeginObject();
  for (const auto& [key, entry] : entries) {
    if (!MapEntry(field, key, entry)) return false;
  }
  json_.End();
  return true;
}

bool Reader::MapEntry(const FieldSchema& field, std::string_view key, std::string_view entry) {
  const FieldSchema& value = *field.message->Numbered(2);
  json_.Key(key);
  return Single(value, Spans(*field.message, entry).Of(value));
}

std::optional<std::string> Reader::MapKey(const FieldSchema& field, std::string_view entry) {
  const FieldSchema& key = *field.message->Numbered(1);
  const Spans spans(*field.message, entry);
  if (!spans.ok()) return std::nullopt;
  WireReader::Field value;
  LastOf(key, spans.Of(key), value);
  if (key.type == FieldDescriptor::TYPE_STRING) return std::string(value.bytes);
  JsonWriter text;
  std::swap(text, json_);
  Number(key, value.value);
  std::swap(text, json_);
  std::string written = std::move(text).Take();
  if (written.starts_with('"')) written = written.substr(1, written.size() - 2);
  return written;
}

// The last value in `span`; the default without any.
bool Reader::Single(const FieldSchema& field, std::string_view span) {
  if (field.message != nullptr) {
    std::string joined;
    return Message(*field.message, MessageBytes(field, span, joined));
  }
  WireReader::Field value;
  LastOf(field, span, value);
  return Scalar(field, value);
}

bool Reader::Scalar(const FieldSchema& field, const WireReader::Field& value) {
  switch (field.type) {
    case FieldDescriptor::TYPE_STRING:
      json_.String(value.bytes);
      return true;
    case FieldDescriptor::TYPE_BYTES:
      json_.Base64(value.bytes);
      return true;
    default:
      return Number(field, value.value);
  }
}

bool Reader::Number(const FieldSchema& field, uint64_t bits) {
  switch (field.type) {
    case FieldDescriptor::TYPE_BOOL:
      json_.Bool(bits != 0);
      break;
    case FieldDescriptor::TYPE_ENUM:
      return EnumValue(field, static_cast<int32_t>(bits));
    case FieldDescriptor::TYPE_DOUBLE:
      json_.Double(std::bit_cast<double>(bits));
      break;
    case FieldDescriptor::TYPE_FLOAT:
      json_.Float(std::bit_cast<float>(static_cast<uint32_t>(bits)));
      break;
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_SFIXED32:
      json_.Integer(static_cast<int32_t>(bits));
      break;
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_FIXED32:
      json_.Unsigned(static_cast<uint32_t>(bits));
      break;
    case FieldDescriptor::TYPE_SINT32:
      json_.Integer(static_cast<int32_t>(UnZigZag(static_cast<uint32_t>(bits))));
      break;
    case FieldDescriptor::TYPE_SINT64:
      Signed(field, UnZigZag(bits));
      break;
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_FIXED64:
      Unsigned(field, bits);
      break;
    default:
      Signed(field, static_cast<int64_t>(bits));
      break;
  }
  return true;
}

void Reader::Signed(const FieldSchema& field, int64_t number) {
  if (field.bare_64_bits) {
    json_.Integer(number);
  } else {
    json_.String(std::to_string(number));
  }
}

void Reader::Unsigned(const FieldSchema& field, uint64_t number) {
  if (field.bare_64_bits) {
    json_.Unsigned(number);
  } else {
    json_.String(std::to_string(number));
  }
}

bool Reader::EnumValue(const FieldSchema& field, int32_t number) {
  const auto name = field.values->names.find(number);
  if (field.values->is_null) {
    json_.Null();
  } else if (name == field.values->names.end()) {
    json_.Integer(number);
  } else {
    json_.String(name->second);
  }
  return true;
}

bool Reader::Time(const MessageSchema& type, const Spans& spans) {
  WireReader::Field seconds;
  WireReader::Field nanos;
  LastOf(type.fields[0], spans.Of(type.fields[0]), seconds);
  LastOf(type.fields[1], spans.Of(type.fields[1]), nanos);
  const SecondsAndNanos time{.seconds = static_cast<int64_t>(seconds.value),
                             .nanos = static_cast<int32_t>(nanos.value)};
  const std::optional<std::string> text =
      type.form == Form::kTimestamp ? FormatTimestamp(time) : FormatDuration(time);
  if (!text) return Fail("a time or duration in the reply is out of range");
  json_.String(*text);
  return true;
}

bool Reader::FieldMask(const FieldSchema& paths, std::string_view span) {
  std::string all;
  WireReader reader(span);
  for (WireReader::Field path; NextOf(paths, reader, path);) {
    const std::optional<std::string> camel = CamelFromSnake(path.bytes);
    if (!camel) return Fail("a field mask in the reply has no form in JSON");
    if (!all.empty()) all += ',';
    all += *camel;
  }
  json_.String(all);
  return true;
}

bool Reader::Value(const MessageSchema& type, const Spans& spans) {
  for (const FieldSchema& field : type.fields) {
    if (spans.Has(field)) return Single(field, spans.Of(field));
  }
  json_.Null();
  return true;
}

bool Reader::AnyValue(const MessageSchema& type, const Spans& spans) {
  WireReader::Field url;
  LastOf(type.fields[0], spans.Of(type.fields[0]), url);
  WireReader::Field value;
  LastOf(type.fields[1], spans.Of(type.fields[1]), value);
  const MessageSchema* of = schema_.Find(url.bytes.substr(url.bytes.rfind('/') + 1));
  if (url.bytes.empty() && !value.bytes.empty()) return Fail("an Any in the reply has no type");
  json_.BeginObject();
  if (!url.bytes.empty()) json_.Key("@type").String(url.bytes);
  bool done = true;
  if (url.bytes.empty()) {
    // An Any that holds nothing.
  } else if (of == nullptr) {
    json_.Key("value").Base64(value.bytes);
  } else if (of->form == Form::kFields) {
    done = FieldsOf(*of, value.bytes);
  } else {
    json_.Key("value");
    done = Message(*of, value.bytes);
  }
  json_.End();
  return done;
}

bool Reader::Fail(std::string_view problem) {
  status_.Update(absl::InternalError(ToAbsl(problem)));
  return false;
}

}  // namespace

absl::StatusOr<std::string> WireToJson(const Schema& schema, const MessageSchema& type,
                                       std::string_view wire, size_t max_bytes) {
  return Reader(schema, max_bytes).Reply(type, wire);
}

}  // namespace chains::json
