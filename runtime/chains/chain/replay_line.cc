#include "chains/chain/replay_line.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains {
namespace {

using google::protobuf::Value;
using json::JsonWriter;

std::optional<Value> Parsed(const std::string& json) {
  Value value;
  if (!google::protobuf::util::JsonStringToMessage(json, &value).ok()) return std::nullopt;
  return value;
}

std::string JsonOf(const Value& value) {
  std::string json;
  const auto written = google::protobuf::util::MessageToJsonString(value, &json);
  return written.ok() ? json : "null";
}

// As a member of what is compared: the text of a reply that is no JSON is a string.
Value ValueOf(const std::string& json) {
  if (std::optional<Value> value = Parsed(json)) return *std::move(value);
  Value text;
  text.set_string_value(json);
  return text;
}

Value ToValue(const ReplayEnd& end) {
  Value value;
  auto& fields = *value.mutable_struct_value()->mutable_fields();
  fields["code"].set_string_value(absl::StatusCodeToString(end.status.code()));
  if (!end.status.ok()) {
    fields["message"].set_string_value(std::string(end.status.message()));
  }
  auto& replies = *fields["replies"].mutable_list_value();
  for (const std::string& reply : end.replies) *replies.add_values() = ValueOf(reply);
  return value;
}

void Write(JsonWriter& json, const ReplayEnd& end) {
  json.BeginObject().Key("code").String(absl::StatusCodeToString(end.status.code()));
  if (!end.status.ok()) json.Key("message").String(MessageOf(end.status));
  json.Key("replies").BeginArray();
  for (const std::string& reply : end.replies) {
    if (Parsed(reply)) {
      json.Raw(reply);
    } else {
      json.String(reply);
    }
  }
  json.End().End();
}

// A part of a JSON Pointer.
std::string Escaped(const std::string& name) {
  std::string escaped;
  for (const char c : name) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// Walks two values; writes where they part.
class Differences {
 public:
  explicit Differences(JsonWriter& json) : json_(json) {}

  void Compare(const std::string& at, const Value* then, const Value* now) {
    if (count_ >= kMostDifferences) return;
    const bool both = then != nullptr && now != nullptr && then->kind_case() == now->kind_case();
    if (both && then->has_struct_value()) return CompareMembers(at, *then, *now);
    if (both && then->has_list_value()) return CompareElements(at, *then, *now);
    if (both && JsonOf(*then) == JsonOf(*now)) return;
    if (then == nullptr && now == nullptr) return;
    ++count_;
    json_.BeginObject().Key("at").String(at);
    if (then != nullptr) json_.Key("recorded").Raw(JsonOf(*then));
    if (now != nullptr) json_.Key("now").Raw(JsonOf(*now));
    json_.End();
  }

 private:
  using Sides = std::pair<const Value*, const Value*>;

  void CompareMembers(const std::string& at, const Value& then, const Value& now) {
    std::map<std::string, Sides> members;  // in one order, whatever the hash
    for (const auto& [name, value] : then.struct_value().fields()) members[name].first = &value;
    for (const auto& [name, value] : now.struct_value().fields()) members[name].second = &value;
    for (const auto& [name, sides] : members) {
      Compare(Text(at, "/", Escaped(name)), sides.first, sides.second);
    }
  }
  void CompareElements(const std::string& at, const Value& then, const Value& now) {
    const auto& before = then.list_value().values();
    const auto& after = now.list_value().values();
    for (int i = 0; i < std::max(before.size(), after.size()); ++i) {
      Compare(Text(at, "/", i), i < before.size() ? &before[i] : nullptr,
              i < after.size() ? &after[i] : nullptr);
    }
  }

  JsonWriter& json_;
  size_t count_ = 0;
};

}  // namespace

std::string ReplayLine(const ReplayedRequest& replayed) {
  JsonWriter json;
  json.BeginObject().Key("request").Integer(replayed.number).Key("same").Bool(replayed.same);
  if (replayed.incomplete) json.Key("incomplete").Bool(true);
  json.Key("recorded");
  Write(json, replayed.recorded);
  json.Key("now");
  Write(json, replayed.now);
  if (!replayed.same) {
    const Value then = ToValue(replayed.recorded);
    const Value now = ToValue(replayed.now);
    json.Key("differs").BeginArray();
    Differences(json).Compare("", &then, &now);
    json.End();
  }
  if (!replayed.not_called.empty()) {
    json.Key("not_called").BeginArray();
    for (const std::string& each : replayed.not_called) json.String(each);
    json.End();
  }
  json.End();
  return std::move(json).Take();
}

std::string ReplayLine(int number, const absl::Status& problem) {
  JsonWriter json;
  json.BeginObject().Key("request").Integer(number).Key("same").Bool(false);
  json.Key("problem").BeginObject();
  json.Key("code").String(absl::StatusCodeToString(problem.code()));
  json.Key("message").String(MessageOf(problem)).End().End();
  return std::move(json).Take();
}

std::string ReplaySumLine(int replayed, int as_recorded) {
  JsonWriter json;
  json.BeginObject().Key("replayed").Integer(replayed);
  json.Key("as_recorded").Integer(as_recorded).End();
  return std::move(json).Take();
}

}  // namespace chains
