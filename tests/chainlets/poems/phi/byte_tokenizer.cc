// A Tokenizer in place of the one of a model's files, which ThreadSanitizer cannot watch: each byte
// is a token, and nothing else is.
#include "byte_tokenizer.h"

namespace poems::phi {

class Tokenizer::Impl {
 public:
  std::vector<int32_t> end_tokens;
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

absl::StatusOr<Tokenizer> Tokenizer::Open(const std::filesystem::path&, int32_t) {
  return Tokenizer(std::make_unique<Impl>());
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text) const {
  std::vector<int32_t> tokens;
  for (const char each : text) tokens.push_back(static_cast<uint8_t>(each));
  return tokens;
}

std::string Tokenizer::Piece(int32_t token) const {
  return token < 256 ? std::string(1, static_cast<char>(token)) : "";
}

const std::vector<int32_t>& Tokenizer::end_tokens() const { return impl_->end_tokens; }

const Tokenizer& ByteTokenizer() {
  static const Tokenizer tokenizer = *Tokenizer::Open("", 256);
  return tokenizer;
}

}  // namespace poems::phi
