#include "chains/json/json_reader.h"

#include <algorithm>
#include <cctype>

#include "chains/core/text.h"
#include "chains/json/plain_text.h"

namespace chains::json {
namespace {

bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

size_t SkipDigits(std::string_view text, size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

void AppendUtf8(unsigned c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
  } else if (c < 0x10000) {
    out += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
            static_cast<char>(0x80 | (c & 0x3F))};
  } else {
    out += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
            static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
  }
}

std::string ThatIs(std::string_view text, size_t at) {
  if (at >= text.size()) return "the text ends";
  const char c = text[at];
  if (c >= 0x20 && c < 0x7F) return Text("found '", std::string(1, c), "'");
  return Text("found byte 0x", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
}

}  // namespace

bool JsonReader::Enter(char open, std::string_view expected) {
  if (!ok()) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != open) {
    return Expects(expected, at_);
  }
  if (++depth_ > kMaxDepth) {
    return Fail(at_, Text("nested deeper than ", kMaxDepth, " levels"));
  }
  ++at_;
  first_ = true;
  return true;
}

void JsonReader::Leave() {
  ++at_;
  --depth_;
  first_ = false;
}

bool JsonReader::BeginObject() { return Enter('{', "an object"); }
bool JsonReader::BeginArray() { return Enter('[', "a list"); }

bool JsonReader::NextMember(std::string_view& key) {
  if (!ok()) return false;
  SkipSpace();
  const bool more = at_ < text_.size() && text_[at_] == ',' && !first_;
  if (more) {
    ++at_;
    SkipSpace();
  } else if (at_ < text_.size() && text_[at_] == '}') {
    Leave();
    return false;
  } else if (!first_) {
    return Expects("',' or '}'", at_);
  }
  first_ = false;
  if (at_ >= text_.size() || text_[at_] != '"') {
    return Expects("a key in double quotes", at_);
  }
  key_at_ = at_;
  if (!ReadString(key)) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != ':') {
    return Expects("':'", at_);
  }
  ++at_;
  SkipSpace();
  return true;
}

bool JsonReader::NextElement() {
  if (!ok()) return false;
  SkipSpace();
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  if (c == ']') {
    Leave();
    return false;
  }
  if (!first_) {
    if (c != ',') return Expects("',' or ']'", at_);
    ++at_;
    SkipSpace();
    if (at_ < text_.size() && text_[at_] == ']') return Expects("a value", at_);
  }
  first_ = false;
  return true;
}

bool JsonReader::Literal(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return Expects("a value", at_);
  at_ += word.size();
  return true;
}

bool JsonReader::ReadNull() { return ok() && (SkipSpace(), Literal("null")); }

bool JsonReader::ReadBool(bool& value) {
  if (!ok()) return false;
  SkipSpace();
  value = at_ < text_.size() && text_[at_] == 't';
  return Literal(value ? "true" : "false");
}

bool JsonReader::ReadNumber(std::string_view& text) {
  if (!ok()) return false;
  SkipSpace();
  size_t at = at_;
  if (at < text_.size() && text_[at] == '-') ++at;
  const size_t digits = at;
  at = SkipDigits(text_, at);
  if (at == digits || (text_[digits] == '0' && at > digits + 1)) {
    return Fail(at_, "not a number as JSON writes it");
  }
  if (at < text_.size() && text_[at] == '.') {
    const size_t fraction = ++at;
    at = SkipDigits(text_, at);
    if (at == fraction) return Expects("a digit", at);
  }
  if (at < text_.size() && (text_[at] == 'e' || text_[at] == 'E')) {
    ++at;
    if (at < text_.size() && (text_[at] == '+' || text_[at] == '-')) ++at;
    const size_t exponent = at;
    at = SkipDigits(text_, at);
    if (at == exponent) return Expects("a digit", at);
  }
  text = text_.substr(at_, at - at_);
  at_ = at;
  return true;
}

bool JsonReader::ReadString(std::string_view& text) {
  if (!ok()) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != '"') return Expects("a string", at_);
  const size_t begin = at_ + 1;
  const size_t end = begin + PlainLength(text_, begin);
  if (end >= text_.size() || text_[end] != '"') return StringOfMore(begin, end, text);
  text = text_.substr(begin, end - begin);
  at_ = end + 1;
  return true;
}

// A string that is not all plain; on from the first byte that is not.
bool JsonReader::StringOfMore(size_t begin, size_t at, std::string_view& text) {
  while (at < text_.size() && !IsAscii(text_[at])) {
    const size_t length = Utf8Length(text_, at);
    if (length == 0) break;
    at += length;
    at += PlainLength(text_, at);
  }
  if (at < text_.size() && text_[at] == '"') {
    text = text_.substr(begin, at - begin);
    at_ = at + 1;
    return true;
  }
  if (!StringSlowly(begin, at)) return false;
  text = unescaped_;
  return true;
}

// From the first byte that does not stand for itself.
bool JsonReader::StringSlowly(size_t begin, size_t at) {
  unescaped_.assign(text_, begin, at - begin);
  while (at < text_.size()) {
    if (const size_t plain = PlainLength(text_, at); plain > 0) {
      unescaped_.append(text_, at, plain);
      at += plain;
      continue;
    }
    const char c = text_[at];
    if (c == '"') {
      at_ = at + 1;
      return true;
    }
    if (c == '\\') {
      if (!Escape(at)) return false;
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      return Fail(at, "a control character in a string must be escaped");
    }
    const size_t length = Utf8Length(text_, at);
    if (length == 0) return Fail(at, "not valid UTF-8");
    unescaped_.append(text_, at, length);
    at += length;
  }
  return Fail(at, "the text ends inside a string");
}

bool JsonReader::Escape(size_t& at) {
  const char c = at + 1 < text_.size() ? text_[at + 1] : '\0';
  if (c == 'u') return UnicodeEscape(at);
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const size_t which = kEscapes.find(c);
  if (which == std::string_view::npos) return Fail(at, "no such escape in a string");
  unescaped_ += kMeanings[which];
  at += 2;
  return true;
}

bool JsonReader::UnicodeEscape(size_t& at) {
  unsigned high = 0;
  if (!FourDigits(at + 2, high)) return false;
  if (high < 0xD800 || high > 0xDFFF) {
    AppendUtf8(high, unescaped_);
    at += 6;
    return true;
  }
  unsigned low = 0;
  if (high > 0xDBFF || text_.substr(at + 6, 2) != "\\u") {
    return Fail(at, "half of a surrogate pair");
  }
  if (!FourDigits(at + 8, low)) return false;
  if (low < 0xDC00 || low > 0xDFFF) return Fail(at, "half of a surrogate pair");
  AppendUtf8(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), unescaped_);
  at += 12;
  return true;
}

bool JsonReader::FourDigits(size_t at, unsigned& value) {
  value = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char c = i < text_.size() ? text_[i] : '\0';
    if (!std::isxdigit(static_cast<unsigned char>(c))) {
      return Expects("a hexadecimal digit", i);
    }
    value = value * 16 + (IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return true;
}

bool JsonReader::Skip() {
  std::string_view text;
  bool flag = false;
  switch (Peek()) {
    case Kind::kNothing:
      return false;
    case Kind::kNull:
      return ReadNull();
    case Kind::kBool:
      return ReadBool(flag);
    case Kind::kNumber:
      return ReadNumber(text);
    case Kind::kString:
      return ReadString(text);
    case Kind::kArray:
      for (BeginArray(); NextElement();) Skip();
      return ok();
    case Kind::kObject:
      for (BeginObject(); NextMember(text);) Skip();
      return ok();
  }
  return false;
}

bool JsonReader::Finish() {
  if (!ok()) return false;
  SkipSpace();
  if (at_ == text_.size()) return true;
  return Fail(at_, Text("the text should end here, ", ThatIs(text_, at_)));
}

bool JsonReader::Expects(std::string_view what, size_t at) {
  return Fail(at, Text(what, " is expected, ", ThatIs(text_, at)));
}

bool JsonReader::Fail(size_t offset, std::string_view problem) {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(Text(JsonPosition(text_, offset), ": ", problem));
  }
  return false;
}

std::string JsonPosition(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  const size_t column = 1 + std::count_if(before.begin() + line_begin, before.end(),
                                          [](char c) { return (c & 0xC0) != 0x80; });
  return Text(line, ":", column);
}

size_t Utf8Length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return at < text.size() ? 1 : 0;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool too_high = first == 0xF4 && byte(1) > 0x8F;
    return follows(1) && follows(2) && follows(3) && !overlong && !too_high ? 4 : 0;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace chains::json
