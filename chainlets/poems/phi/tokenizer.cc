#include "phi/tokenizer.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "chains/core/text.h"
#include "phi/added_tokens.h"
#include "phi/chat_template.h"
#include "phi/json_object.h"
#include "phi/mapped_file.h"
#include "phi/sentence_pieces.h"

namespace poems::phi {
namespace {

using chains::Text;
using Kind = SentencePieces::Kind;

constexpr size_t kMaxFileBytes = size_t{64} << 20;
constexpr int32_t kBytes = 256;
constexpr std::string_view kBlanks = " \t\n\v\f\r";
constexpr std::string_view kSpace =
    "\xE2\x96\x81";  // U+2581, which SentencePiece writes for blanks

std::string WithBlanks(std::string_view piece) {
  std::string text;
  while (!piece.empty()) {
    const bool space = piece.starts_with(kSpace);
    text += space ? ' ' : piece.front();
    piece.remove_prefix(space ? kSpace.size() : 1);
  }
  return text;
}

// "<0x0A>" is a byte.
std::string ByteOf(std::string_view piece) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (piece.size() != 6) return "";
  const size_t high = kDigits.find(piece[3]);
  const size_t low = kDigits.find(piece[4]);
  if (high == kDigits.npos || low == kDigits.npos) return "";
  return {static_cast<char>(high * 16 + low)};
}

}  // namespace

class Tokenizer::Impl {
 public:
  explicit Impl(int32_t vocab) : vocab_(vocab) {}

  absl::Status Read(const std::filesystem::path& folder) {
    absl::Status status = ReadPieces(folder);
    if (status.ok()) status = ReadAdded(folder);
    if (status.ok()) status = CheckAdded(folder);
    if (status.ok()) status = ReadTemplate(folder);
    if (status.ok()) FindEndTokens();
    return status;
  }

  void EncodeTo(std::string_view text, std::vector<int32_t>& tokens) const {
    if (pieces_ != nullptr) {
      const std::vector<int32_t> encoded = pieces_->Encode(text);
      tokens.insert(tokens.end(), encoded.begin(), encoded.end());
      return;
    }
    for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
  }

  absl::StatusOr<std::vector<int32_t>> EncodeChat(std::span<const ChatMessage> messages) const;

  std::string_view bytes(int32_t token) const {
    if (token < 0 || static_cast<size_t>(token) >= bytes_.size()) return {};
    return bytes_[static_cast<size_t>(token)];
  }
  // Whether a text that begins with `token` begins with a space that was put there.
  bool PutsSpace(int32_t token) const {
    return pieces_ != nullptr && token < pieces_->size() && pieces_->kind(token) == Kind::kText;
  }
  std::optional<int32_t> Special(std::string_view text) const {
    const auto found = added_.find(text);
    return found == added_.end() ? std::nullopt : std::optional(found->second.id);
  }
  const std::vector<int32_t>& end_tokens() const { return end_tokens_; }

 private:
  // Text between tokens of a template.
  struct Rendering {
    std::vector<int32_t> tokens;
    std::string text;        // not yet encoded
    bool stripping = false;  // the token before it takes the blanks
  };

  absl::Status ReadPieces(const std::filesystem::path& folder);
  absl::Status ReadAdded(const std::filesystem::path& folder);
  absl::Status CheckAdded(const std::filesystem::path& folder);
  absl::Status ReadTemplate(const std::filesystem::path& folder);
  void FindEndTokens();
  void Put(const AddedToken& token, Rendering& rendering) const;
  void Flush(bool strip_end, Rendering& rendering) const;

  int32_t vocab_;
  std::unique_ptr<SentencePieces> pieces_;  // null: a token is a byte
  std::vector<std::string> bytes_;          // of each token; empty for what is no text
  AddedTokens added_;                       // and control tokens
  ChatTemplate template_;
  std::vector<int32_t> end_tokens_;
};

absl::Status Tokenizer::Impl::ReadPieces(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "tokenizer.model";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    if (vocab_ < kBytes)
      return absl::InvalidArgumentError(Text(folder.string(),
                                             " has no tokenizer.model, and vocab_size, ", vocab_,
                                             ", is too small for a token per byte"));
    for (int32_t i = 0; i < kBytes; ++i) bytes_.emplace_back(1, static_cast<char>(i));
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> model = ReadFile(file, kMaxFileBytes);
  if (!model.ok()) return model.status();
  std::string error;
  pieces_ = SentencePieces::Load(*model, error);
  if (pieces_ == nullptr)
    return absl::InvalidArgumentError(
        Text(file.string(), " is no model of SentencePiece: ", error));
  if (pieces_->size() > vocab_)
    return absl::InvalidArgumentError(Text(file.string(), " has ", pieces_->size(),
                                           " pieces; vocab_size of config.json is ", vocab_));
  for (int32_t i = 0; i < pieces_->size(); ++i) {
    const Kind kind = pieces_->kind(i);
    const std::string text = pieces_->text(i);
    bytes_.push_back(kind == Kind::kText   ? WithBlanks(text)
                     : kind == Kind::kByte ? ByteOf(text)
                                           : std::string());
    if (kind == Kind::kControl) added_.emplace(text, AddedToken{i});
  }
  return absl::OkStatus();
}

absl::Status Tokenizer::Impl::ReadAdded(const std::filesystem::path& folder) {
  struct File {
    const char* name;
    AddedTokensFile kind;
  };
  // Those that say how blanks are treated come first.
  constexpr std::array<File, 3> kFiles = {
      {{"tokenizer.json", AddedTokensFile::kTokenizer},
       {"tokenizer_config.json", AddedTokensFile::kTokenizerConfig},
       {"added_tokens.json", AddedTokensFile::kAddedTokens}}};
  AddedTokens read;
  for (const File& file : kFiles) {
    const std::filesystem::path path = folder / file.name;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    absl::StatusOr<std::string> json = ReadFile(path, kMaxFileBytes);
    if (!json.ok()) return json.status();
    absl::Status status = AddTokens(*json, file.kind, path.string(), vocab_, read);
    if (!status.ok()) return status;
    if (pieces_ == nullptr && file.kind == AddedTokensFile::kTokenizer) {
      absl::StatusOr<JsonObject> object = JsonObject::Parse(*json, path.string());
      if (object.ok() && object->Has("model"))
        return absl::InvalidArgumentError(
            Text(path.string(),
                 " has a model of its own, which is not read here; tokenizer.model is "
                 "missing beside it"));
    }
  }
  read.merge(added_);
  added_ = std::move(read);
  return absl::OkStatus();
}

// What users write must never become an added token.
absl::Status Tokenizer::Impl::CheckAdded(const std::filesystem::path& folder) {
  for (const auto& [text, token] : added_) {
    const auto id = static_cast<size_t>(token.id);
    if (id >= bytes_.size()) continue;
    const bool same = pieces_ != nullptr && pieces_->text(token.id) == text;
    if (!bytes_[id].empty() || !same)
      return absl::InvalidArgumentError(
          Text(folder.string(), ": added token ", text, " has id ", token.id, ", which is ",
               pieces_ == nullptr ? "a byte" : Text("piece ", pieces_->text(token.id)),
               " of the tokenizer"));
  }
  return absl::OkStatus();
}

absl::Status Tokenizer::Impl::ReadTemplate(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "tokenizer_config.json";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return absl::OkStatus();
  absl::StatusOr<std::string> json = ReadFile(file, kMaxFileBytes);
  if (!json.ok()) return json.status();
  absl::StatusOr<JsonObject> config = JsonObject::Parse(*json, file.string());
  if (!config.ok()) return config.status();
  if (!config->Has("chat_template")) return absl::OkStatus();
  const std::string jinja = config->String("chat_template");
  if (!config->ok()) return config->status();
  absl::StatusOr<ChatTemplate> recognised = RecogniseChatTemplate(jinja, file.string());
  if (!recognised.ok()) return recognised.status();
  template_ = *recognised;
  if (!template_.begin_token || Special("<s>")) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Text(file.string(), ": chat_template begins with <s>, which is no token of this model"));
}

// Those of generation_config.json of Phi-3-mini-4k-instruct, and SentencePiece's own.
void Tokenizer::Impl::FindEndTokens() {
  for (const std::string_view text : {"<|end|>", "<|endoftext|>", "<|assistant|>", "</s>"})
    if (const std::optional<int32_t> token = Special(text)) end_tokens_.push_back(*token);
}

void Tokenizer::Impl::Flush(bool strip_end, Rendering& rendering) const {
  std::string_view text = rendering.text;
  if (rendering.stripping)
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  if (strip_end) text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  EncodeTo(text, rendering.tokens);
  rendering.text.clear();
}

void Tokenizer::Impl::Put(const AddedToken& token, Rendering& rendering) const {
  Flush(token.lstrip, rendering);
  rendering.tokens.push_back(token.id);
  rendering.stripping = token.rstrip;
}

absl::StatusOr<std::vector<int32_t>> Tokenizer::Impl::EncodeChat(
    std::span<const ChatMessage> messages) const {
  if (messages.empty()) return absl::InvalidArgumentError("messages is empty");
  const auto token = [&](std::string_view text) { return added_.find(text); };
  const auto end = token("<|end|>");
  const auto assistant = token("<|assistant|>");
  if (end == added_.end() || assistant == added_.end())
    return absl::InvalidArgumentError(
        "the model has no tokens <|end|> and <|assistant|> (tokenizer.json, added_tokens.json), so "
        "it "
        "takes a prompt, not messages");
  Rendering rendering;
  if (template_.begin_token) Put(token("<s>")->second, rendering);
  for (const ChatMessage& message : messages) {
    const bool known = message.role == "user" || message.role == "assistant" ||
                       (message.role == "system" && template_.system);
    const auto role = token(Text("<|", message.role, "|>"));
    if (!known || role == added_.end())
      return absl::InvalidArgumentError(
          Text("a message's role is \"", message.role.substr(0, 40), "\"; this model knows ",
               template_.system ? "system, user" : "user", " and assistant"));
    Put(role->second, rendering);
    rendering.text = Text("\n", message.content);
    Put(end->second, rendering);
    rendering.text += '\n';
  }
  Put(assistant->second, rendering);
  rendering.text += '\n';
  Flush(false, rendering);
  return std::move(rendering.tokens);
}

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

absl::StatusOr<Tokenizer> Tokenizer::Open(const std::filesystem::path& folder, int32_t vocab) {
  auto impl = std::make_unique<Impl>(vocab);
  if (absl::Status status = impl->Read(folder); !status.ok()) return status;
  return Tokenizer(std::move(impl));
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text) const {
  std::vector<int32_t> tokens;
  impl_->EncodeTo(text, tokens);
  return tokens;
}

absl::StatusOr<std::vector<int32_t>> Tokenizer::EncodeChat(
    std::span<const ChatMessage> messages) const {
  return impl_->EncodeChat(messages);
}

std::string Tokenizer::Piece(int32_t token) const { return std::string(impl_->bytes(token)); }

std::string Tokenizer::Decode(std::span<const int32_t> tokens) const {
  std::string text;
  bool begun = false;
  for (const int32_t token : tokens) {
    std::string_view piece = impl_->bytes(token);
    // The first blank is SentencePiece's; what follows is the text's.
    if (!begun && piece.starts_with(' ') && impl_->PutsSpace(token)) piece.remove_prefix(1);
    begun = begun || !impl_->bytes(token).empty();
    text += piece;
  }
  return text;
}

std::optional<int32_t> Tokenizer::Special(std::string_view text) const {
  return impl_->Special(text);
}

const std::vector<int32_t>& Tokenizer::end_tokens() const { return impl_->end_tokens(); }

}  // namespace poems::phi
