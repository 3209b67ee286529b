// LogField: a name and a value that a line of a log has beside its message.
//
//   Log(context, Severity::kInfo, "loaded", {{"voices", 3}, {"model", name}, {"warm", true}});
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "chains/json/json_writer.h"

namespace chains {

// Refers to texts, which outlive it.
struct LogField {
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;

  LogField(std::string_view name, std::string_view value) : name(name), value(value) {}
  LogField(std::string_view name, const std::string& value)
      : name(name), value(std::string_view(value)) {}
  LogField(std::string_view name, const char* value) : name(name), value(std::string_view(value)) {}
  template <std::same_as<bool> T>
  LogField(std::string_view name, T value) : name(name), value(value) {}
  template <std::signed_integral T>
  LogField(std::string_view name, T value) : name(name), value(int64_t{value}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view name, T value)
      : name(name), value(uint64_t{value}) {}
  template <std::floating_point T>
  LogField(std::string_view name, T value) : name(name), value(double{value}) {}

  std::string_view name;
  Value value;
};

namespace internal {

inline constexpr size_t kMaxLogFields = 32;
inline constexpr size_t kMaxLogFieldBytes = 4 * 1024;

// Texts that are empty are left out, and what is beyond the bounds is cut.
void WriteFields(std::initializer_list<LogField> fields, json::JsonWriter& line);
// As `"name":value,…`, without brackets.
std::string FieldsAsJson(std::initializer_list<LogField> fields);

}  // namespace internal
}  // namespace chains
