// AddedTokens: tokens that a model's folder adds to those of its tokenizer.model.
//
//   AddedTokens tokens;
//   absl::Status status = AddTokens(json, AddedTokensFile::kTokenizer, "m/tokenizer.json", 32064,
//   tokens);
//
// Three files say them: tokenizer.json ("added_tokens": [{"id": 32007, "content": "<|end|>", …}]),
// tokenizer_config.json ("added_tokens_decoder": {"32007": {"content": "<|end|>", …}}) and
// added_tokens.json ({"<|end|>": 32007}). Where several do they must agree.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace poems::phi {

struct AddedToken {
  int32_t id = 0;
  bool lstrip = false;  // takes the blanks before it along
  bool rstrip = false;  // and those after it
};

using AddedTokens = std::map<std::string, AddedToken, std::less<>>;

enum class AddedTokensFile { kTokenizer, kTokenizerConfig, kAddedTokens };

// Adds those of a file to `tokens`. INVALID_ARGUMENT names `where` and the token: an id that is not
// below `vocab`, two texts of one id, two ids of one text.
absl::Status AddTokens(std::string_view json, AddedTokensFile file, std::string_view where,
                       int32_t vocab, AddedTokens& tokens);

}  // namespace poems::phi
