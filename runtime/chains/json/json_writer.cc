#include "chains/json/json_writer.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "chains/json/base64.h"
#include "chains/json/json_reader.h"
#include "chains/json/plain_text.h"

namespace chains::json {
namespace {

// Text of a small message is as long: its string is allocated once, not grown from 15 bytes.
constexpr size_t kSmall = 63;

template <typename Number>
void AppendNumber(Number number, std::string& out) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

}  // namespace

void JsonWriter::Separate() {
  if (!fresh_) out_ += ',';
  fresh_ = false;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  if (out_.empty()) out_.reserve(kSmall);
  out_ += bracket;
  closing_ += bracket == '{' ? '}' : ']';
  fresh_ = true;
  return *this;
}

JsonWriter& JsonWriter::End() {
  out_ += closing_.back();
  closing_.pop_back();
  fresh_ = false;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  Quote(key);
  out_ += ':';
  fresh_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  Quote(text);
  return *this;
}

// Almost always all of it is plain.
void JsonWriter::Quote(std::string_view text) {
  out_ += '"';
  size_t at = PlainLength(text, 0);
  size_t begin = 0;
  while (at < text.size()) {
    const unsigned char c = text[at];
    if (c >= 0x80) {
      if (const size_t length = Utf8Length(text, at); length > 0) {
        at += length;
        at += PlainLength(text, at);
        continue;
      }
    }
    out_.append(text.data() + begin, at - begin);
    Escape(c);
    begin = ++at;
    at += PlainLength(text, at);
  }
  out_.append(text.data() + begin, at - begin);
  out_ += '"';
}

void JsonWriter::Escape(unsigned char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out_ += "\\\"";
      return;
    case '\\':
      out_ += "\\\\";
      return;
    case '\n':
      out_ += "\\n";
      return;
    case '\r':
      out_ += "\\r";
      return;
    case '\t':
      out_ += "\\t";
      return;
    case '\b':
      out_ += "\\b";
      return;
    case '\f':
      out_ += "\\f";
      return;
    default:
      break;
  }
  if (c < 0x20) {
    out_ += "\\u00";
    out_ += kHex[c >> 4];
    out_ += kHex[c & 15];
    return;
  }
  out_ += "\xEF\xBF\xBD";
  valid_ = false;
}

JsonWriter& JsonWriter::Base64(std::string_view bytes) {
  Separate();
  out_ += '"';
  AppendBase64(bytes, out_);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Integer(int64_t number) {
  Separate();
  AppendNumber(number, out_);
  return *this;
}

JsonWriter& JsonWriter::Unsigned(uint64_t number) {
  Separate();
  AppendNumber(number, out_);
  return *this;
}

template <typename Number>
JsonWriter& JsonWriter::Floating(Number number) {
  Separate();
  if (std::isnan(number)) {
    out_ += "\"NaN\"";
  } else if (std::isinf(number)) {
    out_ += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    AppendNumber(number, out_);
  }
  return *this;
}

JsonWriter& JsonWriter::Double(double number) { return Floating(number); }
JsonWriter& JsonWriter::Float(float number) { return Floating(number); }

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

}  // namespace chains::json
