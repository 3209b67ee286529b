#include "deploy/cli/json_text.h"

#include <google/protobuf/util/json_util.h>

#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains::deploy::cli {

using google::protobuf::Value;

namespace {

// Where the string that begins at `at` ends: behind its quotation mark.
size_t EndOfString(std::string_view json, size_t at) {
  for (size_t i = at + 1; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      return i + 1;
    }
  }
  return json.size();
}

// Valid JSON, in its own order, which a map of protobuf would not keep.
std::string Indented(std::string_view json) {
  std::string out;
  size_t depth = 0;
  const auto line = [&] {
    out += '\n';
    out.append(2 * depth, ' ');
  };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      const size_t end = EndOfString(json, i);
      out += json.substr(i, end - i);
      i = end - 1;
    } else if (c == '{' || c == '[') {
      out += c;
      const size_t next = json.find_first_not_of(" \t\r\n", i + 1);
      if (next != std::string_view::npos && (json[next] == '}' || json[next] == ']')) {
        out += json[i = next];
        continue;
      }
      ++depth;
      line();
    } else if (c == '}' || c == ']') {
      depth -= depth > 0 ? 1 : 0;  // protobuf reads a little more than JSON
      line();
      out += c;
    } else if (c == ',') {
      out += c;
      line();
    } else if (c == ':') {
      out += ": ";
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string JsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails for text that is no UTF-8 only; what was written until then is shown.
  static_cast<void>(google::protobuf::util::MessageToJsonString(message, &json, options));
  return json;
}

std::string JsonLine(const absl::Status& error) {
  json::JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Key("code").String(absl::StatusCodeToString(error.code()));
  json.Key("message").String(MessageOf(error));
  json.End().End();
  return std::move(json).Take();
}

absl::StatusOr<Value> ParseJson(std::string_view json) {
  Value value;
  // Under a key, because protobuf reads no bare value.
  google::protobuf::Struct whole;
  const std::string wrapped = Text("{\"v\":", json, "\n}");
  const auto status = google::protobuf::util::JsonStringToMessage(wrapped, &whole);
  const auto found = whole.fields().find("v");
  if (!status.ok() || whole.fields_size() != 1 || found == whole.fields().end()) {
    return absl::InvalidArgumentError("this is no JSON");
  }
  value = found->second;
  return value;
}

std::string PrettyJson(std::string_view json) {
  return ParseJson(json).ok() ? Indented(json) : std::string(json);
}

const Value* Member(const Value& object, const std::string& name) {
  if (object.kind_case() != Value::kStructValue) return nullptr;
  const auto found = object.struct_value().fields().find(name);
  return found == object.struct_value().fields().end() ? nullptr : &found->second;
}

std::string TextMember(const Value& object, const std::string& name) {
  const Value* const member = Member(object, name);
  return member == nullptr ? "" : member->string_value();
}

double NumberMember(const Value& object, const std::string& name) {
  const Value* const member = Member(object, name);
  return member == nullptr ? 0 : member->number_value();
}

}  // namespace chains::deploy::cli
