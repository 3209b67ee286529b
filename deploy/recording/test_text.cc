#include "deploy/recording/test_text.h"

#include <memory>

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "chains/core/text.h"

namespace chains::deploy {

std::string RawString(std::string_view text) {
  std::string word = "pb";
  for (int more = 1; text.find(Text(")", word, "\"")) != std::string_view::npos; ++more) {
    word = Text("pb", more);
  }
  return Text("R\"", word, "(", text, ")", word, "\"");
}

std::string QuotedString(std::string_view text) {
  // No ?? of a trigraph is left, and no digit follows an escape: octal ones have three.
  return Text("\"", absl::CEscape(ToAbsl(text)), "\"");
}

absl::StatusOr<std::string> MessagesText(const google::protobuf::Descriptor& type,
                                         const std::vector<std::string>& messages) {
  constexpr size_t kShort = 60;
  google::protobuf::DynamicMessageFactory factory(type.file()->pool());
  const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(&type)->New());
  google::protobuf::TextFormat::Printer one_line;
  one_line.SetSingleLineMode(true);
  google::protobuf::TextFormat::Printer lines;
  lines.SetInitialIndentLevel(4);
  std::string texts;
  for (const std::string& bytes : messages) {
    if (!message->ParseFromString(bytes)) {
      return absl::InvalidArgumentError(
          Text("a message of the recording is no ", type.full_name()));
    }
    std::string text;
    one_line.PrintToString(*message, &text);
    while (text.ends_with(' ')) text.pop_back();
    if (text.size() > kShort) {
      lines.PrintToString(*message, &text);
      text = Text("\n", text, "      ");
    }
    texts += Text(texts.empty() ? "" : ", ", RawString(text));
  }
  return Text("{", texts, "}");
}

std::string StatusText(const absl::Status& status) {
  return Text("absl::Status(absl::StatusCode{", static_cast<int>(status.code()), "}, ",
              QuotedString(MessageOf(status)), ")  // ", absl::StatusCodeToString(status.code()));
}

std::string CppName(std::string_view full_name) {
  return absl::StrReplaceAll(ToAbsl(full_name), {{".", "::"}});
}

}  // namespace chains::deploy
