#include "chains/json/scalar_to_wire.h"

#include <bit>
#include <cmath>
#include <optional>

#include "chains/core/text.h"
#include "chains/json/base64.h"
#include "chains/json/json_numbers.h"
#include "chains/json/well_known.h"

namespace chains::json {
namespace {

using google::protobuf::FieldDescriptor;
using Kind = JsonReader::Kind;

std::optional<double> SpecialNumber(std::string_view text) {
  if (text == "NaN") return std::nan("");
  if (text == "Infinity") return INFINITY;
  if (text == "-Infinity") return -INFINITY;
  return std::nullopt;
}

}  // namespace

bool ScalarWriter::Write(const FieldSchema& field, const Place& place) {
  switch (field.type) {
    case FieldDescriptor::TYPE_STRING:
      return String(place);
    case FieldDescriptor::TYPE_BYTES:
      return BytesValue(place);
    case FieldDescriptor::TYPE_BOOL:
      return BoolValue(place);
    case FieldDescriptor::TYPE_ENUM:
      return EnumValue(field, place);
    default:
      break;
  }
  const Kind kind = in_.Peek();
  const size_t at = in_.offset();
  std::string_view text;
  if (kind == Kind::kNumber) {
    if (!in_.ReadNumber(text)) return false;
  } else if (kind == Kind::kString) {
    if (!in_.ReadString(text)) return false;
  }
  return Number(field, text, at, place);
}

// `text` as it stands in the JSON, or in a string there; what is no number is refused.
bool ScalarWriter::Number(const FieldSchema& field, std::string_view text, size_t at,
                          const Place& place) {
  switch (field.descriptor->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Floating(field, text, at, place);
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return Unsigned(field, text, at, place);
    default:
      return Signed(field, text, at, place);
  }
}

bool ScalarWriter::Unsigned(const FieldSchema& field, std::string_view text, size_t at,
                            const Place& place) {
  const std::optional<uint64_t> number = ToUint64(text);
  const bool is_64 = field.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
  if (!number || (!is_64 && *number > UINT32_MAX)) {
    return FailOn(in_, at, place, Text("an integer from 0 of ", is_64 ? 64 : 32, " bits"));
  }
  Integer(field, static_cast<int64_t>(*number));
  return true;
}

bool ScalarWriter::Signed(const FieldSchema& field, std::string_view text, size_t at,
                          const Place& place) {
  const std::optional<int64_t> number = ToInt64(text);
  const bool is_64 = field.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_INT64;
  if (!number || (!is_64 && (*number > INT32_MAX || *number < INT32_MIN))) {
    return FailOn(in_, at, place, Text("an integer of ", is_64 ? 64 : 32, " bits"));
  }
  Integer(field, *number);
  return true;
}

// An integer that fits its type, as that type travels.
void ScalarWriter::Integer(const FieldSchema& field, int64_t number) {
  switch (field.type) {
    case FieldDescriptor::TYPE_SINT32:
    case FieldDescriptor::TYPE_SINT64:
      out_.Varint(ZigZag(number));
      break;
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      out_.Fixed32(static_cast<uint32_t>(number));
      break;
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      out_.Fixed64(static_cast<uint64_t>(number));
      break;
    default:
      out_.Varint(static_cast<uint64_t>(number));
      break;
  }
}

bool ScalarWriter::Floating(const FieldSchema& field, std::string_view text, size_t at,
                            const Place& place) {
  const std::optional<double> special = SpecialNumber(text);
  const std::optional<double> number = special ? special : ToDouble(text);
  if (!number) return FailOn(in_, at, place, "a number");
  if (field.type == FieldDescriptor::TYPE_DOUBLE) {
    out_.Fixed64(std::bit_cast<uint64_t>(*number));
    return true;
  }
  // Beyond the largest float is infinity on conversion where the platform follows IEEE 754.
  const float narrow = static_cast<float>(*number);
  if (std::isinf(narrow) && !special) return FailOn(in_, at, place, "a number of single precision");
  out_.Fixed32(std::bit_cast<uint32_t>(narrow));
  return true;
}

bool ScalarWriter::BoolValue(const Place& place) {
  const Kind kind = in_.Peek();
  const size_t at = in_.offset();
  bool value = false;
  std::string_view text;
  if (kind == Kind::kBool) {
    if (!in_.ReadBool(value)) return false;
  } else if (kind == Kind::kString) {
    if (!in_.ReadString(text)) return false;
    value = text == "true";
    if (!value && text != "false") return FailOn(in_, at, place, "true or false");
  } else {
    return FailOnNext(in_, place, "true or false");
  }
  out_.Varint(value);
  return true;
}

bool ScalarWriter::EnumValue(const FieldSchema& field, const Place& place) {
  const Kind kind = in_.Peek();
  const size_t at = in_.offset();
  std::string_view text;
  if (kind == Kind::kNull && field.values->is_null) {
    out_.Varint(0);
    return in_.ReadNull();
  }
  if (kind == Kind::kNumber) {
    if (!in_.ReadNumber(text)) return false;
    const std::optional<int64_t> number = ToInt64(text);
    if (!number || *number > INT32_MAX || *number < INT32_MIN) {
      return FailOn(in_, at, place, "an integer of 32 bits");
    }
    out_.Varint(static_cast<uint64_t>(*number));
    return true;
  }
  if (kind != Kind::kString) {
    return FailOnNext(in_, place, Text("a name of ", field.descriptor->enum_type()->full_name()));
  }
  if (!in_.ReadString(text)) return false;
  const auto value = field.values->numbers.find(std::string(text));
  if (value == field.values->numbers.end()) {
    return FailOn(in_, at, place, Text("a name of ", field.descriptor->enum_type()->full_name()));
  }
  out_.Varint(static_cast<uint64_t>(static_cast<int64_t>(value->second)));
  return true;
}

bool ScalarWriter::String(const Place& place) {
  std::string_view text;
  if (in_.Peek() != Kind::kString) return FailOnNext(in_, place, "a string");
  if (!in_.ReadString(text)) return false;
  out_.Bytes(text);
  return true;
}

bool ScalarWriter::BytesValue(const Place& place) {
  std::string_view text;
  const Kind kind = in_.Peek();
  const size_t at = in_.offset();
  if (kind != Kind::kString) return FailOnNext(in_, place, "a string of base64");
  if (!in_.ReadString(text)) return false;
  out_.Varint(SizeFromBase64(text));
  return AppendFromBase64(text, out_.bytes()) || FailOn(in_, at, place, "a string of base64");
}

bool ScalarWriter::Time(const MessageSchema& type, const Place& place) {
  const bool is_time = type.form == MessageSchema::Form::kTimestamp;
  const std::string_view expected =
      is_time ? "a time as in \"2026-01-31T12:00:00Z\"" : "a duration as in \"1.5s\"";
  std::string_view text;
  if (in_.Peek() != Kind::kString) return FailOnNext(in_, place, expected);
  const size_t at = in_.offset();
  if (!in_.ReadString(text)) return false;
  const std::optional<SecondsAndNanos> time = is_time ? ParseTimestamp(text) : ParseDuration(text);
  if (!time) return FailOn(in_, at, place, expected);
  out_.Tag(1, WireType::kVarint);
  out_.Varint(static_cast<uint64_t>(time->seconds));
  out_.Tag(2, WireType::kVarint);
  out_.Varint(static_cast<uint64_t>(static_cast<int64_t>(time->nanos)));
  return true;
}

bool ScalarWriter::FieldMask(const Place& place) {
  std::string_view text;
  if (in_.Peek() != Kind::kString) return FailOnNext(in_, place, "a string of field names");
  const size_t at = in_.offset();
  if (!in_.ReadString(text)) return false;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::optional<std::string> path = SnakeFromCamel(text.substr(0, comma));
    if (!path) return FailOn(in_, at, place, "a string of lowerCamelCase field names");
    out_.Tag(1, WireType::kBytes);
    out_.Bytes(*path);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

}  // namespace chains::json
