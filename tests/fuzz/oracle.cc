#include "tests/fuzz/oracle.h"

#include <cstdio>
#include <cstdlib>

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "tests/fuzz/messages.h"
#include "tests/runtime/json/everything.h"

namespace chains::json {
namespace {

const Transcoder::Method& Method() { return *EverythingTranscoder().Find("run_remote"); }

// Protobuf's parser logs what it refuses.
void KeepProtobufQuiet() {
  static const bool once = [] {
    google::protobuf::SetLogHandler(nullptr);
    return true;
  }();
  static_cast<void>(once);
}

nlohmann::json Tree(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

Answer OurWire(std::string_view json) {
  const auto wire = EverythingTranscoder().RequestToWire(Method(), json);
  if (!wire.ok()) return {.taken = false, .text = std::string(MessageOf(wire.status()))};
  everything::All message;
  if (!message.ParseFromString(*wire)) return {.taken = true, .text = "not a message"};
  Normalize(message);
  return {.taken = true, .text = Deterministic(message)};
}

Answer TheirWire(std::string_view json) try {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  everything::All message;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message, options);
  if (!parsed.ok()) return {.taken = false, .text = parsed.message().ToString()};
  Normalize(message);
  return {.taken = true, .text = Deterministic(message)};
} catch (const google::protobuf::FatalException& failed) {
  return {.taken = false, .text = std::string("its own check failed: ") + failed.what()};
}

Answer TheirJson(std::string_view wire) {
  everything::All message;
  if (!message.ParseFromArray(wire.data(), static_cast<int>(wire.size()))) {
    return {.taken = false, .text = "not a message"};
  }
  Normalize(message);
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(message, &json, options);
  return {.taken = printed.ok(), .text = printed.ok() ? json : printed.message().ToString()};
}

void Show(const char* whose, const Answer& answer) {
  std::fprintf(stderr, "%s %s %s\n", whose,
               answer.taken ? "takes it:" : "refuses it:", absl::CEscape(answer.text).c_str());
}

}  // namespace

Pair BothToWire(std::string_view json) {
  KeepProtobufQuiet();
  const Pair pair{.input = json, .ours = OurWire(json), .theirs = TheirWire(json)};
  if (!pair.ours.taken) return pair;
  if (pair.ours.text == "not a message") Report("what we make of it is no message", pair);
  // No body at all is no argument at all.
  const bool nothing = json.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (!nothing && !IsJson(json)) Report("we take what is not JSON", pair);
  return pair;
}

Pair BothToJson(std::string_view wire) {
  KeepProtobufQuiet();
  const auto json = EverythingTranscoder().ReplyToJson(Method(), wire);
  return {.input = wire,
          .ours = {.taken = json.ok(),
                   .text = json.ok() ? *json : std::string(MessageOf(json.status()))},
          .theirs = TheirJson(wire)};
}

bool IsJson(std::string_view text) try {
  return !nlohmann::json::parse(text).is_discarded();
} catch (const nlohmann::json::out_of_range&) {
  return true;  // a number beyond doubles
} catch (const nlohmann::json::parse_error&) {
  return false;
}

bool SameWire(const Pair& pair) {
  if (!pair.ours.taken || !pair.theirs.taken) return pair.ours.taken == pair.theirs.taken;
  return pair.ours.text == pair.theirs.text;
}

bool SameJson(const Pair& pair) {
  if (!pair.ours.taken || !pair.theirs.taken) return pair.ours.taken == pair.theirs.taken;
  const nlohmann::json ours = Tree(pair.ours.text);
  return !ours.is_discarded() && ours == Tree(pair.theirs.text);
}

void Report(std::string_view problem, const Pair& pair) {
  std::fprintf(stderr, "%.*s\ninput %s\n", static_cast<int>(problem.size()), problem.data(),
               absl::CEscape({pair.input.data(), pair.input.size()}).c_str());
  Show("ours", pair.ours);
  Show("protobuf's", pair.theirs);
  std::abort();
}

}  // namespace chains::json
