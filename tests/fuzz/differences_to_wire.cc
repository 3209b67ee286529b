#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/field_mask.pb.h>
#include <nlohmann/json.hpp>

#include "tests/fuzz/differences.h"
#include "tests/fuzz/messages.h"

namespace chains::json {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::json;

bool HasOneOf(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != std::string_view::npos;
}

// Only protobuf takes a string where we expect something else.
bool WeRefuseAString(const Pair& pair, const std::string& expected) {
  return WeRefuseFor(pair, expected + " is expected, not \"") ||
         WeRefuseFor(pair, expected + " is expected, not such a long string");
}

// ---- Protobuf takes it, we do not.

// By another reader than ours: an error in ours would not excuse itself.
bool NotJson(const Pair& pair) {
  return !pair.ours.taken && pair.theirs.taken && !IsJson(pair.input);
}
bool EnumName(const Pair& pair) {
  return WeRefuseAString(pair, ": a name of everything.Color") ||
         WeRefuseAString(pair, ": a name of google.protobuf.NullValue");
}
bool OneForAList(const Pair& pair) { return WeRefuseFor(pair, ": a list is expected, not "); }
bool ListInAList(const Pair& pair) { return WeRefuseFor(pair, " is expected, not a list"); }
bool NullInside(const Pair& pair) { return WeRefuseFor(pair, " is expected, not null"); }
bool PlainMessage(const Pair& pair) { return WeRefuseFor(pair, " is expected, not an object"); }
bool BoolKey(const Pair& pair) { return WeRefuseFor(pair, ": the key must be true or false"); }
bool UnsignedNegativeZero(const Pair& pair) {
  return WeRefuseFor(pair, "an integer from 0 of 32 bits is expected, not -0") ||
         WeRefuseFor(pair, "an integer from 0 of 64 bits is expected, not -0");
}
bool BelowTheLowest(const Pair& pair) {
  return WeRefuseFor(pair, "an integer of 64 bits is expected, not -922337203685477");
}
bool GivenTwice(const Pair& pair) { return WeRefuseFor(pair, ": given twice"); }
bool BoolInAString(const Pair& pair) { return WeRefuseAString(pair, ": true or false"); }
bool NumberInAString(const Pair& pair) {
  return WeRefuseAString(pair, ": a number") || WeRefuseAString(pair, " bits");
}
bool NestedTooDeep(const Pair& pair) {
  return WeRefuseFor(pair, "nested deeper than 100 levels") ||
         WeRefuseFor(pair, "Any in Any deeper than 4 levels");
}
bool TimeSpelling(const Pair& pair) {
  return WeRefuseAString(pair, ": a time as in \"2026-01-31T12:00:00Z\"");
}
bool DurationSpelling(const Pair& pair) {
  return WeRefuseAString(pair, ": a duration as in \"1.5s\"");
}
bool MaskPath(const Pair& pair) {
  return WeRefuseAString(pair, ": a string of lowerCamelCase field names");
}

// ---- We take it, protobuf does not.

bool EmptyBody(const Pair& pair) {
  return TheyRefuseFor(pair, "Unexpected end of string.") &&
         pair.input.find_first_not_of(" \t\r\n") == std::string_view::npos;
}
bool AnyOfAnyHost(const Pair& pair) { return TheyRefuseFor(pair, "Invalid type URL, "); }
// Whether an object in `value` is an Any of a type with a JSON of its own, and has other keys than
// "@type" and "value".
bool HasKeysBesideValue(const json& value) {
  if (value.is_object() && value.contains("@type") && value["@type"].is_string()) {
    const std::string type = value["@type"];
    const bool own_json = type.find("/google.protobuf.") != std::string::npos;
    if (own_json && value.size() > 1 + value.count("value")) return true;
  }
  return value.is_structured() && std::any_of(value.begin(), value.end(), HasKeysBesideValue);
}
bool KeysBesideValue(const Pair& pair) {
  return pair.ours.taken &&
         HasKeysBesideValue(json::parse(pair.input, nullptr, /*allow_exceptions=*/false));
}
bool OwnCheckFailed(const Pair& pair) {
  return TheyRefuseFor(pair, "its own check failed: CHECK failed: ");
}
bool AnyOfAList(const Pair& pair) {
  return TheyRefuseFor(pair, "Cannot start root message with ListValue.");
}
bool EmptyKey(const Pair& pair) {
  return TheyRefuseFor(pair, "Proto fields must have a name.") &&
         pair.input.find("\"\"") != std::string_view::npos;
}
bool RepeatedMapKey(const Pair& pair) { return TheyRefuseFor(pair, "Repeated map key: "); }
bool BothAlphabets(const Pair& pair) {
  return TheyRefuseFor(pair, "for type TYPE_BYTES") && HasOneOf(pair.theirs.text, "+/") &&
         HasOneOf(pair.theirs.text, "-_");
}
bool FractionInAString(const Pair& pair) {
  const bool integer =
      TheyRefuseFor(pair, "for type TYPE_INT") || TheyRefuseFor(pair, "for type TYPE_UINT") ||
      TheyRefuseFor(pair, "for type TYPE_SINT") || TheyRefuseFor(pair, "for type TYPE_FIXED") ||
      TheyRefuseFor(pair, "for type TYPE_SFIXED");
  return integer && TheyRefuseFor(pair, "invalid value \"") && HasOneOf(pair.theirs.text, ".eE");
}
bool HugeNumber(const Pair& pair) {
  return TheyRefuseFor(pair, "Number exceeds the range of double.");
}

// ---- Both take it for different messages: each undoes itself in one of them.

void MaskSpelling(Message& message) {
  if (message.GetDescriptor() != FieldMask::descriptor()) return;
  for (std::string& path : *static_cast<FieldMask&>(message).mutable_paths()) std::erase(path, '_');
}

void NegativeZero(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool is_double = field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
    const bool is_float = field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
    for (int i = 0; field->is_repeated() && i < reflection.FieldSize(message, field); ++i) {
      if (is_double && reflection.GetRepeatedDouble(message, field, i) == 0)
        reflection.SetRepeatedDouble(&message, field, i, 0);
      if (is_float && reflection.GetRepeatedFloat(message, field, i) == 0)
        reflection.SetRepeatedFloat(&message, field, i, 0);
    }
    if (field->is_repeated()) continue;
    if (is_double && reflection.GetDouble(message, field) == 0)
      reflection.SetDouble(&message, field, 0);
    if (is_float && reflection.GetFloat(message, field) == 0)
      reflection.SetFloat(&message, field, 0);
  }
}

// A number's digits that only a float has, where the input has an integer beyond those of doubles.
void RoundedTwice(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_FLOAT || field->is_repeated()) continue;
    reflection.ClearField(&message, field);
  }
}

bool HasAnIntegerBeyondDoubles(std::string_view text) {
  size_t digits = 0;
  for (const char c : text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits == 16) return true;
  }
  return false;
}

bool SameOnceUndone(const Pair& pair) {
  if (!pair.ours.taken || !pair.theirs.taken) return false;
  everything::All ours;
  everything::All theirs;
  if (!ours.ParseFromString(pair.ours.text) || !theirs.ParseFromString(pair.theirs.text)) {
    return false;
  }
  for (everything::All* all : {&ours, &theirs}) {
    ForEachMessage(*all, MaskSpelling);
    ForEachMessage(*all, NegativeZero);
    if (HasAnIntegerBeyondDoubles(pair.input)) ForEachMessage(*all, RoundedTwice);
  }
  return Deterministic(ours) == Deterministic(theirs);
}

using Explains = bool (*)(const Pair&);
constexpr std::array kListed = {
    NotJson,           EnumName,        OneForAList,          ListInAList,
    NullInside,        PlainMessage,    GivenTwice,           BoolInAString,
    BoolKey,           NumberInAString, UnsignedNegativeZero, BelowTheLowest,
    NestedTooDeep,     TimeSpelling,    DurationSpelling,     MaskPath,
    EmptyBody,         AnyOfAnyHost,    AnyOfAList,           KeysBesideValue,
    OwnCheckFailed,    EmptyKey,        RepeatedMapKey,       BothAlphabets,
    FractionInAString, HugeNumber,      SameOnceUndone};

}  // namespace

bool IsListedToWire(const Pair& pair) {
  return std::any_of(kListed.begin(), kListed.end(),
                     [&](Explains explains) { return explains(pair); });
}

}  // namespace chains::json
