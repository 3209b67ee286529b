#include "chains/http/asked.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "chains/core/text.h"
#include "chains/json/json_reader.h"
#include "chains/json/json_writer.h"

namespace chains::http {
namespace {

using json::JsonReader;
using Kind = JsonReader::Kind;

// RFC 3986: unreserved stays, all else is encoded.
std::string Encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
        c == '~') {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

bool HasBody(std::string_view verb) { return verb != "GET" && verb != "DELETE"; }

// The text of a string, number or bool; nullopt for anything else.
std::optional<std::string> TextOf(JsonReader& in) {
  std::string_view text;
  bool value = false;
  switch (in.Peek()) {
    case Kind::kString:
      if (!in.ReadString(text)) return std::nullopt;
      return std::string(text);
    case Kind::kNumber:
      if (!in.ReadNumber(text)) return std::nullopt;
      return std::string(text);
    case Kind::kBool:
      if (!in.ReadBool(value)) return std::nullopt;
      return value ? "true" : "false";
    default:
      return std::nullopt;
  }
}

absl::Status NoText(std::string_view member, std::string_view place) {
  return absl::InvalidArgumentError(
      Text("the field ", member, " goes into the ", place, ", and holds no text, number or bool"));
}

// What is between the braces of `path`, in their order.
std::map<std::string, std::optional<std::string>> MembersOf(std::string_view path) {
  std::map<std::string, std::optional<std::string>> members;
  for (size_t at = path.find('{'); at != path.npos; at = path.find('{', at + 1)) {
    members[std::string(path.substr(at + 1, path.find('}', at) - at - 1))] = std::nullopt;
  }
  return members;
}

absl::Status AddToQuery(const std::string& member, JsonReader& in, std::string& query) {
  const auto add = [&](const std::string& text) {
    query += Text(query.empty() ? "?" : "&", Encoded(member), "=", Encoded(text));
  };
  if (in.Peek() != Kind::kArray) {
    const std::optional<std::string> text = TextOf(in);
    if (!text) return NoText(member, "query");
    add(*text);
    return absl::OkStatus();
  }
  in.BeginArray();
  while (in.NextElement()) {
    const std::optional<std::string> text = TextOf(in);
    if (!text) return NoText(member, "query");
    add(*text);
  }
  return absl::OkStatus();
}

std::string Filled(std::string_view path,
                   const std::map<std::string, std::optional<std::string>>& members) {
  std::string target;
  while (!path.empty()) {
    const size_t open = std::min(path.find('{'), path.size());
    target += path.substr(0, open);
    if (open == path.size()) break;
    const size_t close = path.find('}', open);
    target += Encoded(*members.at(std::string(path.substr(open + 1, close - open - 1))));
    path.remove_prefix(close + 1);
  }
  return target;
}

}  // namespace

absl::Status CheckMapping(std::string_view verb, std::string_view path) {
  if (verb != "POST" && verb != "PUT" && verb != "PATCH" && verb != "GET" && verb != "DELETE") {
    return absl::InvalidArgumentError(
        Text("its verb is \"", verb, "\"; it can be POST, PUT, PATCH, GET or DELETE"));
  }
  bool inside = false;
  bool good = path.starts_with('/');
  for (const char c : path) {
    good = good && static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != '?' && c != '#';
    good = good && c != (inside ? '{' : '}');
    if (c == '{') inside = true;
    if (c == '}') inside = false;
  }
  if (good && !inside && path.find("{}") == path.npos) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Text("its path is \"", path,
           "\"; it begins with '/', has no '?', '#' or spaces, and fields in it are {field}"));
}

absl::StatusOr<Asked> PlaceRequest(std::string_view verb, std::string_view path, std::string json) {
  std::map<std::string, std::optional<std::string>> in_path = MembersOf(path);
  if (in_path.empty() && HasBody(verb)) {
    return Asked{.target = std::string(path), .body = std::move(json)};
  }
  std::string query;
  json::JsonWriter body;
  body.BeginObject();
  JsonReader in(json);
  in.BeginObject();
  for (std::string_view key; in.NextMember(key);) {
    const std::string member(key);
    if (const auto placed = in_path.find(member); placed != in_path.end()) {
      placed->second = TextOf(in);
      if (!placed->second) return NoText(member, "path");
    } else if (HasBody(verb)) {
      in.Peek();
      const size_t begin = in.offset();
      in.Skip();
      body.Key(member).Raw(std::string_view(json).substr(begin, in.offset() - begin));
    } else if (absl::Status added = AddToQuery(member, in, query); !added.ok()) {
      return added;
    }
  }
  if (!in.Finish()) return in.status();
  for (const auto& [member, text] : in_path) {
    if (text && !text->empty()) continue;
    return absl::InvalidArgumentError(
        Text("the path ", path, " needs the field ", member, ", which the request does not set"));
  }
  body.End();
  Asked asked;
  asked.target = Filled(path, in_path) + query;
  if (HasBody(verb)) asked.body = std::move(body).Take();
  return asked;
}

}  // namespace chains::http
