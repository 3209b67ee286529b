#include "deploy/logs/log_line.h"

#include <cstdint>
#include <map>

#include "chains/core/text.h"
#include "chains/json/json_reader.h"
#include "chains/json/json_writer.h"

namespace chains::deploy {
namespace {

constexpr size_t kMostFieldBytes = 512;  // of any other text
// The runtime has cut its messages, and says by how much.
constexpr size_t kSlack = 64;
constexpr int64_t kYear10000 = 253'402'300'800'000;  // in milliseconds

// At the beginning of a character, where it is UTF-8.
std::string_view Begin(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  size_t end = most;
  while (end > most - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string Message(std::string_view bytes) {
  std::string text = ToUtf8(bytes);
  if (text.size() <= kMostMessageBytes + kSlack) return text;
  const std::string_view begin = Begin(text, kMostMessageBytes);
  return Text(begin, "… (", text.size() - begin.size(), " bytes more)");
}

constexpr size_t kMostNameBytes = 64;

void SetField(v1::LogLine& line, std::string_view key, std::string_view value) {
  auto& fields = *line.mutable_fields();
  const std::string name(Begin(key, kMostNameBytes));
  if (fields.size() >= static_cast<size_t>(kMostFields) && !fields.contains(name)) return;
  fields[name] = std::string(Begin(value, kMostFieldBytes));
}

bool IsOwn(std::string_view key) {
  for (const char* own : {"time", "level", "message", "request_id", "trace_id", "chain",
                          "deployment", "chainlet", "replica", "fields"}) {
    if (key == own) return true;
  }
  return false;
}

// Sets what has a name of a kept line; any other is a field.
void SetText(v1::LogLine& line, std::string_view key, std::string_view value) {
  if (!IsOwn(key)) return SetField(line, key, value);
  const auto text = [value] { return std::string(Begin(value, kMostFieldBytes)); };
  if (key == "message") line.set_message(Message(value));
  if (key == "level") line.set_level(text());
  if (key == "request_id") line.set_request_id(text());
  if (key == "trace_id") line.set_trace_id(text());
  if (key == "chain") line.set_chain(text());
  if (key == "deployment") line.set_deployment(text());
  if (key == "chainlet") line.set_chainlet(text());
  if (key == "replica") line.set_replica(text());
  if (key != "time") return;
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, ToAbsl(value), &time, nullptr)) return;
  const int64_t ms = absl::ToUnixMillis(time);
  if (ms > 0 && ms < kYear10000) line.set_unix_ms(ms);
}

// The next value as a text, where it is no object, array or null; those are skipped.
std::optional<std::string> ScalarFrom(json::JsonReader& reader) {
  using Kind = json::JsonReader::Kind;
  const Kind kind = reader.Peek();
  std::string_view text;
  if (kind == Kind::kString && reader.ReadString(text)) return std::string(text);
  if (kind == Kind::kNumber && reader.ReadNumber(text)) return std::string(text);
  bool truth = false;
  if (kind == Kind::kBool && reader.ReadBool(truth)) return truth ? "true" : "false";
  reader.Skip();
  return std::nullopt;
}

void ReadFields(json::JsonReader& reader, v1::LogLine& line) {
  std::string_view key;
  for (reader.BeginObject(); reader.NextMember(key);) {
    const std::string name(key);
    if (const std::optional<std::string> value = ScalarFrom(reader)) SetField(line, name, *value);
  }
}

}  // namespace

v1::LogLine FromOutput(std::string_view text, absl::Time read) {
  v1::LogLine line;
  const std::optional<v1::LogLine> event =
      text.starts_with('{') ? FromJson(text) : std::optional<v1::LogLine>();
  if (event) {
    line = *event;
    // Who a process is, is not for it to say.
    line.clear_chain();
    line.clear_deployment();
    line.clear_replica();
  } else {
    line.set_message(Message(text));
  }
  if (line.unix_ms() == 0) line.set_unix_ms(absl::ToUnixMillis(read));
  return line;
}

std::string ToJson(const v1::LogLine& line) {
  json::JsonWriter json;
  json.BeginObject();
  const auto add = [&json](std::string_view key, std::string_view value) {
    if (!value.empty()) json.Key(key).String(value);
  };
  const absl::Time time = absl::FromUnixMillis(line.unix_ms());
  add("time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()));
  add("level", line.level());
  json.Key("message").String(line.message());
  add("request_id", line.request_id());
  add("trace_id", line.trace_id());
  add("chain", line.chain());
  add("deployment", line.deployment());
  add("chainlet", line.chainlet());
  add("replica", line.replica());
  if (!line.fields().empty()) {
    json.Key("fields").BeginObject();
    const std::map<std::string, std::string> sorted(line.fields().begin(), line.fields().end());
    for (const auto& [name, value] : sorted) json.Key(name).String(value);
    json.End();
  }
  json.End();
  return std::move(json).Take() + "\n";
}

std::optional<v1::LogLine> FromJson(std::string_view json) {
  json::JsonReader reader(json);
  v1::LogLine line;
  bool has_message = false;
  std::string_view key;
  for (reader.BeginObject(); reader.NextMember(key);) {
    const std::string name(key);
    const json::JsonReader::Kind kind = reader.Peek();
    if (name == "fields" && kind == json::JsonReader::Kind::kObject) {
      ReadFields(reader, line);
      continue;
    }
    const std::optional<std::string> value = ScalarFrom(reader);
    if (!value || (IsOwn(name) && kind != json::JsonReader::Kind::kString)) continue;
    has_message |= name == "message";
    SetText(line, name, *value);
  }
  if (!reader.Finish() || !has_message) return std::nullopt;
  return line;
}

std::string ToUtf8(std::string_view bytes) {
  if (json::IsUtf8(bytes)) return std::string(bytes);
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = json::Utf8Length(bytes, at);
    text += length > 0 ? bytes.substr(at, length) : std::string_view("\xEF\xBF\xBD");
    at += length > 0 ? length : 1;
  }
  return text;
}

}  // namespace chains::deploy
