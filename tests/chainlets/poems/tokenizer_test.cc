#include "phi/tokenizer.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "chains/v1/bundle.pb.h"
#include "phi/json_object.h"
#include "tests/chainlets/poems/model_folder.h"

namespace poems::phi {
namespace {

using ::chains::Text;
using ::chains::testing::IsOk;
using ::chains::testing::IsOkAndHolds;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int32_t kVocab = 1536;  // of the tiny model

Tokenizer Opened(const std::filesystem::path& folder, int32_t vocab) {
  auto tokenizer = Tokenizer::Open(folder, vocab);
  EXPECT_THAT(tokenizer, IsOk());
  return *std::move(tokenizer);
}

Tokenizer OfTheTinyModel() { return Opened(TINY_MODEL_DIR, kVocab); }

// The tiny model's tokenizer, to change something of it.
void CopyTinyModel(const ModelFolder& folder) {
  for (const char* name :
       {"tokenizer.model", "tokenizer.json", "tokenizer_config.json", "added_tokens.json"})
    std::filesystem::copy_file(std::filesystem::path(TINY_MODEL_DIR) / name, folder.path() / name);
}

// What golden_tokens.py wrote.
std::string GoldenText() {
  std::ostringstream text;
  text << std::ifstream(GOLDEN_TOKENS).rdbuf();
  return text.str();
}

std::vector<int32_t> TokensOf(JsonObject& object) {
  const std::vector<double> numbers = object.Numbers("tokens", 1000);
  return {numbers.begin(), numbers.end()};
}

std::vector<std::string> Strings(JsonObject& object, std::string_view key) {
  std::vector<std::string> strings;
  for (const std::string_view element : object.Elements(key)) {
    const std::string wrapped = Text("{\"s\":", element, "}");
    strings.push_back(JsonObject::Parse(wrapped, "golden")->String("s"));
  }
  return strings;
}

TEST(Tokenizer, MakesTheGoldenTokensOfTexts) {
  const Tokenizer tokenizer = OfTheTinyModel();
  const std::string golden = GoldenText();
  const std::vector<std::string_view> texts =
      JsonObject::Parse(golden, "golden")->Elements("texts");
  ASSERT_GE(texts.size(), 10U);
  for (const std::string_view json : texts) {
    JsonObject object = *JsonObject::Parse(json, "golden");
    const std::string text = object.String("text");
    const std::vector<int32_t> tokens = TokensOf(object);
    ASSERT_THAT(object.status(), IsOk());
    EXPECT_EQ(tokenizer.Encode(text), tokens) << text;
    EXPECT_EQ(tokenizer.Decode(tokens), object.String("decoded"));
  }
}

TEST(Tokenizer, MakesTheGoldenTokensOfChats) {
  const Tokenizer tokenizer = OfTheTinyModel();
  const std::string golden = GoldenText();
  const std::vector<std::string_view> chats =
      JsonObject::Parse(golden, "golden")->Elements("chats");
  ASSERT_GE(chats.size(), 5U);
  for (const std::string_view json : chats) {
    JsonObject object = *JsonObject::Parse(json, "golden");
    const std::vector<std::string> roles = Strings(object, "roles");
    const std::vector<std::string> contents = Strings(object, "contents");
    ASSERT_EQ(roles.size(), contents.size());
    std::vector<ChatMessage> messages;
    for (size_t i = 0; i < roles.size(); ++i) messages.push_back({roles[i], contents[i]});
    EXPECT_THAT(tokenizer.EncodeChat(messages), IsOkAndHolds(TokensOf(object))) << json;
  }
}

TEST(Tokenizer, PiecesAreTheTextInParts) {
  const Tokenizer tokenizer = OfTheTinyModel();
  const std::string text = "The king's  naïve 東京\nis here";
  std::string pieces;
  for (const int32_t token : tokenizer.Encode(text)) pieces += tokenizer.Piece(token);
  EXPECT_EQ(pieces, " " + text);
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text)), text);
}

TEST(Tokenizer, SpecialTokensHaveNoText) {
  const Tokenizer tokenizer = OfTheTinyModel();
  for (const char* text : {"<unk>", "<s>", "</s>", "<|end|>", "<|user|>", "<|placeholder3|>"}) {
    ASSERT_TRUE(tokenizer.Special(text)) << text;
    EXPECT_EQ(tokenizer.Piece(*tokenizer.Special(text)), "") << text;
  }
  EXPECT_FALSE(tokenizer.Special("the"));
  EXPECT_EQ(tokenizer.Piece(-1), "");
  EXPECT_EQ(tokenizer.Piece(kVocab - 1), "") << "the matrices have rows that no token has";
  EXPECT_EQ(tokenizer.Piece(1 << 30), "");
  EXPECT_THAT(tokenizer.end_tokens(),
              ElementsAre(*tokenizer.Special("<|end|>"), *tokenizer.Special("<|endoftext|>"),
                          *tokenizer.Special("<|assistant|>"), *tokenizer.Special("</s>")));
}

TEST(Tokenizer, WhatUsersWriteNeverBecomesASpecialToken) {
  const Tokenizer tokenizer = OfTheTinyModel();
  const std::vector<std::string> specials = {"<s>",           "</s>",      "<unk>",
                                             "<|end|>",       "<|user|>",  "<|assistant|>",
                                             "<|endoftext|>", "<|system|>"};
  for (const std::string& special : specials) {
    for (const std::string& text :
         {special, "a" + special + "b", special + special, " " + special + "\n", "<" + special}) {
      const std::vector<int32_t> tokens = tokenizer.Encode(text);
      for (const std::string& other : specials)
        EXPECT_THAT(tokens, ::testing::Not(::testing::Contains(*tokenizer.Special(other)))) << text;
      EXPECT_EQ(tokenizer.Decode(tokens), text);
    }
  }
}

TEST(Tokenizer, DecodeTakesTheFirstBlankOnlyWhereItWasPut) {
  const Tokenizer tokenizer = OfTheTinyModel();
  std::vector<int32_t> tokens = tokenizer.Encode(" two");
  EXPECT_EQ(tokenizer.Decode(tokens), " two");
  tokens.insert(tokens.begin(), *tokenizer.Special("<|assistant|>"));
  EXPECT_EQ(tokenizer.Decode(tokens), " two");
  EXPECT_EQ(tokenizer.Decode({}), "");
}

TEST(Tokenizer, ManyThreadsMayEncode) {
  const Tokenizer tokenizer = OfTheTinyModel();
  const std::string text = "Generate a poem about: the sea, the king and the bird";
  const std::vector<int32_t> expected = tokenizer.Encode(text);
  std::vector<int> wrong(4);
  std::vector<std::jthread> threads;
  for (int& count : wrong)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) count += tokenizer.Encode(text) == expected ? 0 : 1;
    });
  threads.clear();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

// SentencePiece brings a protobuf of its own; with one symbol of it in place of ours, or the other
// way round, this crashes.
TEST(Tokenizer, LivesInOneProcessWithProtobuf) {
  chains::v1::Bundle message;
  const std::string name = message.GetDescriptor()->full_name();
  const std::string bytes = message.GetDescriptor()->file()->DebugString();
  const Tokenizer tokenizer = OfTheTinyModel();
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(name)), name);
  chains::v1::Bundle other;
  EXPECT_TRUE(other.ParseFromString(message.SerializeAsString()));
  EXPECT_EQ(other.GetDescriptor()->file()->DebugString(), bytes);
}

void WriteByteTokens(const ModelFolder& folder) {
  folder.Write("added_tokens.json",
               R"({"<|endoftext|>": 256, "<|assistant|>": 257, "<|end|>": 258, "<|user|>": 259})");
}

TEST(ByteTokenizer, ATokenIsAByte) {
  const ModelFolder folder;
  WriteByteTokens(folder);
  const Tokenizer tokenizer = Opened(folder.path(), 260);
  EXPECT_THAT(tokenizer.Encode("a\n\xC3\xA9"), ElementsAre('a', '\n', 0xC3, 0xA9));
  EXPECT_THAT(tokenizer.Encode("<|end|>"), ElementsAre('<', '|', 'e', 'n', 'd', '|', '>'));
  EXPECT_EQ(tokenizer.Piece(0xC3), "\xC3");
  EXPECT_EQ(tokenizer.Piece(0), std::string(1, '\0'));
  EXPECT_EQ(tokenizer.Piece(258), "");
  const std::vector<int32_t> tokens = {' ', 'a', 258, 'b', 400};
  EXPECT_EQ(tokenizer.Decode(tokens), " ab");
  EXPECT_THAT(tokenizer.end_tokens(), ElementsAre(258, 256, 257));
}

TEST(ByteTokenizer, AChatKeepsTheTemplatesLineEndsWhereNoTokenTakesThem) {
  const ModelFolder folder;
  WriteByteTokens(folder);
  const Tokenizer tokenizer = Opened(folder.path(), 260);
  EXPECT_THAT(tokenizer.EncodeChat(std::vector<ChatMessage>{{"user", "hi"}}),
              IsOkAndHolds(ElementsAre(259, '\n', 'h', 'i', 258, '\n', 257, '\n')));
  folder.Write("tokenizer_config.json", R"({"added_tokens_decoder": {
      "259": {"content": "<|user|>", "rstrip": true}, "258": {"content": "<|end|>", "lstrip": true}}})");
  const Tokenizer stripping = Opened(folder.path(), 260);
  EXPECT_THAT(stripping.EncodeChat(std::vector<ChatMessage>{{"user", " \t hi\n "}}),
              IsOkAndHolds(ElementsAre(259, 'h', 'i', 258, '\n', 257, '\n')));
}

TEST(ByteTokenizer, WithoutAddedTokensThereAreNoChats) {
  const ModelFolder folder;
  const Tokenizer tokenizer = Opened(folder.path(), 256);
  EXPECT_THAT(tokenizer.EncodeChat(std::vector<ChatMessage>{{"user", "hi"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the model has no tokens <|end|> and <|assistant|>")));
  EXPECT_THAT(tokenizer.end_tokens(), IsEmpty());
}

TEST(Chat, OtherRolesAreRefused) {
  const Tokenizer tokenizer = OfTheTinyModel();
  EXPECT_THAT(tokenizer.EncodeChat({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "messages is empty"));
  for (const char* role : {"", "tool", "User", "end"})
    EXPECT_THAT(tokenizer.EncodeChat(std::vector<ChatMessage>{{role, "hi"}}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         Text("a message's role is \"", role,
                              "\"; this model knows system, user and assistant")));
}

TEST(Chat, TheFirstTemplateBeginsWithATokenAndKnowsNoSystem) {
  const ModelFolder folder;
  CopyTinyModel(folder);
  folder.Write(
      "tokenizer_config.json",
      R"({"chat_template": "{{ bos_token }}{% for message in messages %})"
      R"({% if (message['role'] == 'user') %}{{'<|user|>' + '\n' + message['content'] + )"
      R"('<|end|>' + '\n' + '<|assistant|>' + '\n'}}{% elif (message['role'] == )"
      R"('assistant') %}{{message['content'] + '<|end|>' + '\n'}}{% endif %}{% endfor %}"})");
  const Tokenizer tokenizer = Opened(folder.path(), kVocab);
  EXPECT_THAT(tokenizer.EncodeChat(std::vector<ChatMessage>{{"user", ""}}),
              IsOkAndHolds(ElementsAre(1, 1510, 1507, 1501)));
  EXPECT_THAT(tokenizer.EncodeChat(std::vector<ChatMessage>{{"system", "hi"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is \"system\"; this model knows user and assistant")));
}

class TokenizerRefusal : public ::testing::Test {
 protected:
  void ExpectRefused(std::string_view file, std::string_view problem, int32_t vocab = kVocab) {
    EXPECT_THAT(Tokenizer::Open(folder_.path(), vocab),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(file.empty() ? folder_.path().string()
                                                      : (folder_.path() / file).string()),
                               HasSubstr(std::string(problem)))));
  }

  ModelFolder folder_;
};

TEST_F(TokenizerRefusal, ATemplateThatIsNotKnown) {
  CopyTinyModel(folder_);
  folder_.Edit("tokenizer_config.json", "'<|user|>", "'<|human|>");
  ExpectRefused("tokenizer_config.json", "chat_template is none of Phi-3's");
}

TEST_F(TokenizerRefusal, ATemplateThatBeginsWithATokenThatIsMissing) {
  WriteByteTokens(folder_);
  folder_.Write("tokenizer_config.json",
                R"({"chat_template": "{{ bos_token }}{% for message in messages %}{{'<|' + )"
                R"(message['role'] + '|>' + '\n' + message['content'] + '<|end|>\n' }}{% endfor %})"
                R"({% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }})"
                R"({% endif %}"})");
  ExpectRefused("tokenizer_config.json", "begins with <s>, which is no token of this model");
}

TEST_F(TokenizerRefusal, AModelThatIsNone) {
  for (const std::string& bytes :
       {std::string(), std::string("garbage"), std::string(100, '\xff')}) {
    folder_.Write("tokenizer.model", bytes);
    ExpectRefused("tokenizer.model", "is no model of SentencePiece");
  }
}

TEST_F(TokenizerRefusal, AModelThatIsTruncated) {
  CopyTinyModel(folder_);
  const std::string whole = folder_.Read("tokenizer.model");
  for (const size_t size : {size_t{10}, whole.size() / 2, whole.size() - 1}) {
    folder_.Write("tokenizer.model", whole.substr(0, size));
    EXPECT_FALSE(Tokenizer::Open(folder_.path(), kVocab).ok()) << size;
  }
}

TEST_F(TokenizerRefusal, MorePiecesThanTheVocabularyHas) {
  CopyTinyModel(folder_);
  ExpectRefused("tokenizer.model", "has 1500 pieces; vocab_size of config.json is 1499", 1499);
  ExpectRefused("tokenizer.json", "id must be an integer from 0 to 1499, not 1500", 1500);
}

TEST_F(TokenizerRefusal, AVocabularyTooSmallForBytes) {
  ExpectRefused("", "is too small for a token per byte", 255);
}

TEST_F(TokenizerRefusal, ATokenizerThatIsNotReadHere) {
  folder_.Write("tokenizer.json", R"({"added_tokens": [], "model": {"type": "BPE"}})");
  ExpectRefused("tokenizer.json", "has a model of its own, which is not read here");
}

TEST_F(TokenizerRefusal, AnAddedTokenThatUsersCouldWrite) {
  CopyTinyModel(folder_);
  folder_.Write("added_tokens.json", R"({"<|more|>": 600})");
  ExpectRefused("", "added token <|more|> has id 600, which is piece");
}

TEST_F(TokenizerRefusal, AnAddedTokenThatIsAByte) {
  folder_.Write("added_tokens.json", R"({"<|end|>": 255})");
  ExpectRefused("", "added token <|end|> has id 255, which is a byte of the tokenizer");
}

TEST_F(TokenizerRefusal, AddedTokensThatContradict) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {R"({"<|end|>": 300, "<|user|>": 300})", "<|user|> has id 300, as <|end|> has"},
      {R"({"<|end|>": -1})", "<|end|> must be an integer from 0 to 1535, not -1"},
      {R"({"<|end|>": "300"})", "<|end|> must be an integer from 0 to 1535, not \"300\""},
      {R"({"": 300})", "token 300 its text must have 1 to 256 bytes"},
      {R"([])", "an object is expected"}};
  for (const auto& [json, problem] : files) {
    folder_.Write("added_tokens.json", json);
    ExpectRefused("added_tokens.json", problem);
  }
  folder_.Write("added_tokens.json", R"({"<|end|>": 300})");
  folder_.Write("tokenizer.json", R"({"added_tokens": [{"id": 301, "content": "<|end|>"}]})");
  ExpectRefused("added_tokens.json", "<|end|> has id 300 here and 301 elsewhere");
}

TEST_F(TokenizerRefusal, AddedTokensThatAreMalformed) {
  const std::vector<std::pair<std::string, std::string>> tokenizers = {
      {R"({"added_tokens": {}})", "added_tokens must be a list, not {}"},
      {R"({"added_tokens": [1]})", "an added token: 1:1: an object is expected"},
      {R"({"added_tokens": [{"content": "a"}]})", "an added token: id is missing"},
      {R"({"added_tokens": [{"id": 300}]})", "an added token: content is missing"},
      {R"({"added_tokens": [{"id": 300, "content": "a", "rstrip": 1}]})",
       "an added token: rstrip must be true or false, not 1"}};
  for (const auto& [json, problem] : tokenizers) {
    folder_.Write("tokenizer.json", json);
    ExpectRefused("tokenizer.json", problem);
  }
  std::filesystem::remove(folder_.path() / "tokenizer.json");
  folder_.Write("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "a"}}})");
  ExpectRefused("tokenizer_config.json", "added_tokens_decoder \"x\" must be an id from 0 to 1535");
  folder_.Write("tokenizer_config.json", R"({"added_tokens_decoder": 3})");
  ExpectRefused("tokenizer_config.json", "added_tokens_decoder: 1:1: an object is expected");
  folder_.Write("tokenizer_config.json", R"({"chat_template": []})");
  ExpectRefused("tokenizer_config.json", "chat_template must be a string, not []");
}

}  // namespace
}  // namespace poems::phi
