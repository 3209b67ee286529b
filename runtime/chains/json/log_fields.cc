#include "chains/json/log_fields.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace chains::internal {
namespace {

constexpr std::string_view kTaken[] = {"time",     "level",      "message",
                                       "chainlet", "request_id", "trace_id"};

std::string NameOfField(std::string_view name) {
  const bool taken = std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken);
  return std::string(name.substr(0, kMaxLogFieldBytes)) + (taken ? "_" : "");
}

void WriteValue(const LogField::Value& value, json::JsonWriter& line) {
  std::visit(
      [&line](auto held) {
        using Held = decltype(held);
        if constexpr (std::is_same_v<Held, bool>) {
          line.Bool(held);
        } else if constexpr (std::is_same_v<Held, int64_t>) {
          line.Integer(held);
        } else if constexpr (std::is_same_v<Held, uint64_t>) {
          line.Unsigned(held);
        } else if constexpr (std::is_same_v<Held, double>) {
          line.Double(held);
        } else {
          line.String(held.substr(0, kMaxLogFieldBytes));
        }
      },
      value);
}

}  // namespace

void WriteFields(std::initializer_list<LogField> fields, json::JsonWriter& line) {
  size_t written = 0;
  for (const LogField& field : fields) {
    const auto* const text = std::get_if<std::string_view>(&field.value);
    if (field.name.empty() || (text != nullptr && text->empty())) continue;
    if (++written > kMaxLogFields) return;
    line.Key(NameOfField(field.name));
    WriteValue(field.value, line);
  }
}

std::string FieldsAsJson(std::initializer_list<LogField> fields) {
  json::JsonWriter line;
  line.BeginObject();
  WriteFields(fields, line);
  line.End();
  const std::string object = std::move(line).Take();
  return object.substr(1, object.size() - 2);
}

}  // namespace chains::internal
