// JsonReader: reads JSON strictly (RFC 8259), once, front to back, without building a tree.
//
//   JsonReader reader(R"({"names": ["Ada"]})");
//   std::string_view key;
//   for (reader.BeginObject(); reader.NextMember(key);) reader.Skip();
//   if (!reader.Finish()) return reader.status();   // '1:9: …'
//
// The first failure stays: every later call answers false or Kind::kNothing, so a caller may look
// at status() once, at the end of a loop. Text must be valid UTF-8; nesting is bounded, and with it
// the stack. A reader is cheap to copy: a copy reads the same text ahead.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace chains::json {

class JsonReader {
 public:
  enum class Kind { kNothing, kNull, kBool, kNumber, kString, kArray, kObject };
  static constexpr int kMaxDepth = 100;

  // `text` outlives the reader.
  explicit JsonReader(std::string_view text) : text_(text) {}

  // What kind of value comes next; kNothing after a failure and where no value begins.
  Kind Peek() {
    if (!ok()) return Kind::kNothing;
    SkipSpace();
    const Kind kind = at_ < text_.size() ? KindOf(text_[at_]) : Kind::kNothing;
    if (kind == Kind::kNothing) Expects("a value", at_);
    return kind;
  }

  bool BeginObject();
  // True with the key of the next member, whose value is to be read next; false at the end. The key
  // is valid until the next string is read.
  bool NextMember(std::string_view& key);
  bool BeginArray();
  // True when an element is to be read next; false at the end.
  bool NextElement();

  bool ReadNull();
  bool ReadBool(bool& value);
  // The number as it is written.
  bool ReadNumber(std::string_view& text);
  // Valid until the next string is read.
  bool ReadString(std::string_view& text);
  // Any value.
  bool Skip();
  // After the outermost value: whether nothing but white space follows.
  bool Finish();

  bool ok() const { return status_.ok(); }
  // INVALID_ARGUMENT with line and column.
  const absl::Status& status() const { return status_; }
  // Where the next value begins, or is being read.
  size_t offset() const { return at_; }
  // Where the key stands that NextMember answered last.
  size_t key_offset() const { return key_at_; }
  std::string_view text() const { return text_; }
  // Fails at `offset`. Answers false, for `return reader.Fail(…)`.
  bool Fail(size_t offset, std::string_view problem);

 private:
  // By the first character of a value.
  static constexpr Kind KindOf(char c) {
    if (c == '"') return Kind::kString;
    if (c == '-' || (c >= '0' && c <= '9')) return Kind::kNumber;
    if (c == '{') return Kind::kObject;
    if (c == '[') return Kind::kArray;
    if (c == 't' || c == 'f') return Kind::kBool;
    return c == 'n' ? Kind::kNull : Kind::kNothing;
  }
  static constexpr bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  // Most often there is none, or one.
  void SkipSpace() {
    while (at_ < text_.size() && text_[at_] <= ' ' && IsSpace(text_[at_])) ++at_;
  }
  bool Enter(char open, std::string_view expected);
  void Leave();
  bool Literal(std::string_view word);
  bool Expects(std::string_view what, size_t at);
  bool StringOfMore(size_t begin, size_t at, std::string_view& text);
  bool StringSlowly(size_t begin, size_t at);
  bool Escape(size_t& at);
  bool UnicodeEscape(size_t& at);
  bool FourDigits(size_t at, unsigned& value);

  std::string_view text_;
  size_t at_ = 0;
  size_t key_at_ = 0;
  int depth_ = 0;
  bool first_ = false;  // nothing of the array or object just entered has been read
  std::string unescaped_;
  absl::Status status_;
};

// Line and column, "3:14", from 1, counting characters.
std::string JsonPosition(std::string_view text, size_t offset);

// How many bytes the UTF-8 character at `at` has; 0 where there is no valid one.
size_t Utf8Length(std::string_view text, size_t at);
bool IsUtf8(std::string_view text);

}  // namespace chains::json
