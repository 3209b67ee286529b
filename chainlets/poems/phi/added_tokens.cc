#include "phi/added_tokens.h"

#include <optional>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "chains/core/text.h"
#include "chains/json/json_numbers.h"
#include "phi/json_object.h"

namespace poems::phi {
namespace {

using chains::Text;

constexpr size_t kMaxTextBytes = 256;

class Adder {
 public:
  Adder(std::string_view where, int32_t vocab, AddedTokens& tokens)
      : where_(where), vocab_(vocab), tokens_(tokens) {
    for (const auto& [text, token] : tokens_) by_id_.emplace(token.id, text);
  }

  absl::Status Add(const std::string& text, const AddedToken& token) {
    if (text.empty() || text.size() > kMaxTextBytes)
      return Refuse(Text("token ", token.id),
                    Text("its text must have 1 to ", kMaxTextBytes, " bytes"));
    const auto [by_id, new_id] = by_id_.emplace(token.id, text);
    if (!new_id && by_id->second != text)
      return Refuse(text, Text("has id ", token.id, ", as ", by_id->second, " has"));
    const auto [known, added] = tokens_.emplace(text, token);
    if (added || known->second.id == token.id) return absl::OkStatus();
    return Refuse(text, Text("has id ", token.id, " here and ", known->second.id, " elsewhere"));
  }

  // {"id": 32007, "content": "<|end|>", "rstrip": true, …}; the id may be said outside.
  absl::Status AddObject(std::string_view json, std::optional<int32_t> id) {
    absl::StatusOr<JsonObject> object = JsonObject::Parse(json, Text(where_, ": an added token"));
    if (!object.ok()) return object.status();
    AddedToken token;
    token.id = id ? *id : static_cast<int32_t>(object->Integer("id", {0, vocab_ - 1}));
    token.lstrip = object->Bool("lstrip", false);
    token.rstrip = object->Bool("rstrip", false);
    const std::string text = object->String("content");
    if (!object->ok()) return object->status();
    return Add(text, token);
  }

  absl::Status AddMap(JsonObject& map) {
    for (const auto& [text, unused] : map.members()) {
      const auto id = static_cast<int32_t>(map.Integer(text, {0, vocab_ - 1}));
      if (!map.ok()) return map.status();
      if (absl::Status status = Add(text, {id}); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AddList(JsonObject& tokenizer) {
    for (const std::string_view json : tokenizer.Elements("added_tokens"))
      if (absl::Status status = AddObject(json, {}); !status.ok()) return status;
    return tokenizer.status();
  }

  absl::Status AddDecoder(JsonObject& config) {
    const std::optional<JsonObject> decoder = config.Object("added_tokens_decoder");
    if (!decoder) return config.status();
    for (const auto& [key, json] : decoder->members()) {
      const std::optional<int64_t> id = chains::json::ToInt64(key);
      if (!id || *id < 0 || *id >= vocab_)
        return Refuse(Text("added_tokens_decoder \"", key.substr(0, 40), "\""),
                      Text("must be an id from 0 to ", vocab_ - 1));
      if (absl::Status status = AddObject(json, static_cast<int32_t>(*id)); !status.ok())
        return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Refuse(std::string_view token, std::string_view problem) const {
    return absl::InvalidArgumentError(Text(where_, ": ", token, " ", problem));
  }

  std::string_view where_;
  int32_t vocab_;
  AddedTokens& tokens_;
  std::unordered_map<int32_t, std::string> by_id_;
};

}  // namespace

absl::Status AddTokens(std::string_view json, AddedTokensFile file, std::string_view where,
                       int32_t vocab, AddedTokens& tokens) {
  absl::StatusOr<JsonObject> object = JsonObject::Parse(json, where);
  if (!object.ok()) return object.status();
  Adder adder(where, vocab, tokens);
  switch (file) {
    case AddedTokensFile::kTokenizer:
      return adder.AddList(*object);
    case AddedTokensFile::kTokenizerConfig:
      return adder.AddDecoder(*object);
    case AddedTokensFile::kAddedTokens:
      return adder.AddMap(*object);
  }
  return absl::InternalError("AddTokens: no such kind of file");
}

}  // namespace poems::phi
