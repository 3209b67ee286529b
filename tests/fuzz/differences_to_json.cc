#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <google/protobuf/duration.pb.h>
#include <nlohmann/json.hpp>

#include "tests/fuzz/differences.h"
#include "tests/fuzz/messages.h"

namespace chains::json {
namespace {

using nlohmann::json;

// ---- Protobuf takes it, we do not.

bool MaskOutOfJson(const Pair& pair) {
  return WeRefuseFor(pair, "a field mask in the reply has no form in JSON");
}
bool DurationOfTwoSigns(const Pair& pair) {
  using google::protobuf::Duration;
  bool has = false;
  ForEach<Duration>(pair.input, [&](const Duration& duration) {
    has |= (duration.seconds() > 0 && duration.nanos() < 0) ||
           (duration.seconds() < 0 && duration.nanos() > 0);
  });
  return has && WeRefuseFor(pair, "a time or duration in the reply is out of range");
}
bool BrokenAny(const Pair& pair) {
  using google::protobuf::Any;
  bool has = false;
  ForEach<Any>(pair.input, [&](const Any& any) { has |= IsKnown(any) && HeldBy(any) == nullptr; });
  return has && !pair.ours.taken && pair.theirs.taken;
}

// ---- We take it, protobuf does not.

bool UnknownAny(const Pair& pair) { return TheyRefuseFor(pair, "Invalid type URL, "); }
bool TooDeep(const Pair& pair) { return TheyRefuseFor(pair, "Message too deep."); }
bool BrokenButReplaced(const Pair& pair) {
  return TheyRefuseFor(pair, "not a message") && HoldsReplaced(pair.input);
}

using Explains = bool (*)(const Pair&);
constexpr std::array kRefusals = {MaskOutOfJson, DurationOfTwoSigns, BrokenAny, UnknownAny,
                                  TooDeep,       BrokenButReplaced};

// ---- Both take it for different JSON: for a value and what protobuf has in its place.

bool AnyOfNoBytes(const json& ours, const json& theirs) {
  return ours.is_object() && ours.contains("@type") && theirs == json{{"@type", ours["@type"]}};
}

bool FieldOfAnAny(const json& ours, const json& theirs) {
  if (!ours.is_object()) return false;
  const std::string type = ours.value("@type", "");
  json more = ours;
  if (type == "type.googleapis.com/google.protobuf.FieldMask") more["paths"] = json::array();
  if (type == "type.googleapis.com/google.protobuf.ListValue") more["values"] = json::array();
  return theirs == more;
}

// Whether a number is a float, or one in at most nine digits, as protobuf writes floats.
bool IsFromAFloat(double number) {
  if (static_cast<double>(static_cast<float>(number)) == number) return true;
  char digits[32];
  std::snprintf(digits, sizeof(digits), "%.9g", number);
  return std::strtod(digits, nullptr) == number;
}
bool DigitsOfAFloat(const json& ours, const json& theirs) {
  if (!ours.is_number() || !theirs.is_number()) return false;
  const auto one = ours.get<double>();
  const auto other = theirs.get<double>();
  return IsFromAFloat(one) && IsFromAFloat(other) &&
         static_cast<float>(one) == static_cast<float>(other);
}

using ExplainsValue = bool (*)(const json&, const json&);
constexpr std::array kValues = {AnyOfNoBytes, FieldOfAnAny, DigitsOfAFloat};

// For one that protobuf leaves out, with its key.
bool ValueOfNoKind(const json& ours) { return ours.is_null(); }

bool AreExplained(const json& ours, const json& theirs);

bool AreElementsExplained(const json& ours, const json& theirs) {
  size_t at = 0;  // in theirs
  for (const json& element : ours) {
    if (at < theirs.size() && AreExplained(element, theirs[at])) {
      ++at;
    } else if (!ValueOfNoKind(element)) {
      return false;
    }
  }
  return at == theirs.size();
}

bool AreMembersExplained(const json& ours, const json& theirs) {
  size_t left_out = 0;
  for (const auto& [key, member] : ours.items()) {
    const bool is_there = theirs.contains(key);
    if (!(is_there ? AreExplained(member, theirs[key]) : ValueOfNoKind(member))) return false;
    left_out += is_there ? 0 : 1;
  }
  return ours.size() - left_out == theirs.size();
}

// Whether all that differs in two values is listed.
bool AreExplained(const json& ours, const json& theirs) {
  if (ours == theirs) return true;
  const bool listed = std::any_of(kValues.begin(), kValues.end(),
                                  [&](ExplainsValue explains) { return explains(ours, theirs); });
  if (listed) return true;
  if (ours.is_array() && theirs.is_array()) return AreElementsExplained(ours, theirs);
  return ours.is_object() && theirs.is_object() && AreMembersExplained(ours, theirs);
}

}  // namespace

bool IsListedToJson(const Pair& pair) {
  if (pair.ours.taken && pair.theirs.taken) {
    const json ours = json::parse(pair.ours.text, nullptr, /*allow_exceptions=*/false);
    return !ours.is_discarded() &&
           AreExplained(ours, json::parse(pair.theirs.text, nullptr, /*allow_exceptions=*/false));
  }
  return std::any_of(kRefusals.begin(), kRefusals.end(),
                     [&](Explains explains) { return explains(pair); });
}

}  // namespace chains::json
