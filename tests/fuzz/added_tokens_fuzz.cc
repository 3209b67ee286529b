// Any text as each of the files that add tokens, one after the other: no two have one id.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "phi/added_tokens.h"
#include "phi/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using poems::phi::AddedTokensFile;
  constexpr int32_t kVocab = 32064;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  poems::phi::AddedTokens tokens;
  for (const AddedTokensFile file : {AddedTokensFile::kTokenizer, AddedTokensFile::kTokenizerConfig,
                                     AddedTokensFile::kAddedTokens}) {
    if (!AddTokens(json, file, "file", kVocab, tokens).ok()) continue;
    std::set<int32_t> ids;
    for (const auto& [text, token] : tokens) {
      if (text.empty() || token.id < 0 || token.id >= kVocab) std::abort();
      if (!ids.insert(token.id).second) std::abort();
    }
  }
  if (poems::phi::RecogniseChatTemplate(json, "file").ok() && json.size() < 100) std::abort();
  return 0;
}
