#include "deploy/fleets/kubernetes/settings_fields.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_join.h"
#include "chains/chain/memory_size.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kLongest = absl::Hours(1);

bool AreStrings(const Json& list) {
  return std::all_of(list.begin(), list.end(), [](const Json& item) { return item.is_string(); });
}

}  // namespace

SettingsFields::SettingsFields(const Json& object, std::string path, absl::Status& problem)
    : object_(object), path_(std::move(path)), problem_(problem) {
  if (!object.is_object() && problem_.ok()) {
    problem_ = absl::InvalidArgumentError(Text(path_, ": has to be an object, {…}"));
  }
}

std::string SettingsFields::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : Text(path_, ".", name);
}

void SettingsFields::Fail(std::string_view name, const std::string& why) {
  if (problem_.ok()) problem_ = absl::InvalidArgumentError(Text(PathOf(name), ": ", why));
}

const Json* SettingsFields::Find(std::string_view name) {
  known_.emplace_back(name);
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(std::string(name));
  return found == object_.end() ? nullptr : &*found;
}

void SettingsFields::Take(std::string_view name, std::string& value) {
  const Json* const found = Find(name);
  if (found == nullptr) return;
  if (!found->is_string()) return Fail(name, "has to be a string");
  value = found->get_ref<const std::string&>();
}

void SettingsFields::Take(std::string_view name, std::vector<std::string>& value) {
  const Json* const found = Find(name);
  if (found == nullptr) return;
  if (!found->is_array() || !AreStrings(*found)) return Fail(name, "has to be a list of strings");
  value.clear();
  for (const Json& item : *found) value.push_back(item.get_ref<const std::string&>());
}

void SettingsFields::Take(std::string_view name, std::map<std::string, std::string>& value) {
  const Json* const found = Find(name);
  if (found == nullptr) return;
  if (!found->is_object() || !AreStrings(*found)) {
    return Fail(name, "has to be an object whose values are strings");
  }
  value.clear();
  for (const auto& [key, item] : found->items()) value[key] = item.get_ref<const std::string&>();
}

void SettingsFields::TakeObjects(std::string_view name, Json& value) {
  const Json* const found = Find(name);
  if (found == nullptr) return;
  const bool are_objects =
      found->is_array() &&
      std::all_of(found->begin(), found->end(), [](const Json& item) { return item.is_object(); });
  if (!are_objects) return Fail(name, "has to be a list of objects, as Kubernetes has them");
  value = *found;
}

void SettingsFields::TakeSize(std::string_view name, int64_t& value) {
  std::string text;
  Take(name, text);
  if (text.empty()) return;
  const std::optional<int64_t> size = chains::internal::ParseMemorySize(text);
  if (!size || *size <= 0) {
    return Fail(name, Text("'", text, "' is no size, as in 512Mi or 8Gi"));
  }
  value = *size;
}

void SettingsFields::TakeTime(std::string_view name, absl::Duration& value) {
  std::string text;
  Take(name, text);
  if (text.empty()) return;
  absl::Duration time;
  const bool valid = absl::ParseDuration(text, &time) && time >= absl::ZeroDuration() &&
                     time <= kLongest && time % absl::Seconds(1) == absl::ZeroDuration();
  if (!valid) return Fail(name, Text("'", text, "' is not from 0s to 1h, in whole seconds"));
  value = time;
}

void SettingsFields::TakeBool(std::string_view name, bool& value) {
  const Json* const found = Find(name);
  if (found == nullptr) return;
  if (!found->is_boolean()) return Fail(name, "has to be true or false");
  value = found->get<bool>();
}

void SettingsFields::TakePercent(std::string_view name, int& value) {
  const Json* const found = Find(name);
  if (found == nullptr) return;
  const bool valid = found->is_number_integer() && *found >= 1 && *found <= 100;
  if (!valid) return Fail(name, "has to be a whole number from 1 to 100");
  value = found->get<int>();
}

void SettingsFields::TakeWord(std::string_view name, const std::vector<std::string>& words,
                              std::string& value) {
  std::string text = value;
  Take(name, text);
  if (std::find(words.begin(), words.end(), text) == words.end()) {
    return Fail(name, Text("'", text, "' is none of ", absl::StrJoin(words, ", ")));
  }
  value = text;
}

const Json* SettingsFields::TakeObject(std::string_view name) {
  const Json* const found = Find(name);
  if (found == nullptr || found->is_object()) return found;
  Fail(name, "has to be an object, {…}");
  return nullptr;
}

void SettingsFields::NoOthers() {
  if (!object_.is_object()) return;
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    Fail(key, Text("unknown; there are ", absl::StrJoin(known_, ", ")));
  }
}

}  // namespace chains::deploy
