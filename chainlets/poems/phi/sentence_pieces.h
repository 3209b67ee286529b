// SentencePieces: a tokenizer.model, read by Debian's SentencePiece.
//
// Of this header and its source neither may meet Abseil: sentencepiece_processor.h declares an
// absl::string_view of its own, which is not Debian's. That the library brings its own protobuf is
// solved where it is linked (tools/hide_symbols.cc).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace poems::phi {

// Read-only; thread-safe.
class SentencePieces {
 public:
  enum class Kind {
    kText,     // an ordinary piece
    kByte,     // <0x0A>: one byte
    kControl,  // <s>; never comes from a text
    kNothing,  // <unk>, or an id that is not used
  };

  // Null, with `error` saying why, for what is no model of SentencePiece.
  static std::unique_ptr<SentencePieces> Load(std::string_view model, std::string& error);
  virtual ~SentencePieces() = default;

  virtual int32_t size() const = 0;
  // Of a token from 0 to size() - 1.
  virtual Kind kind(int32_t token) const = 0;
  // The piece as the model has it: blanks are U+2581, a byte is <0x0A>.
  virtual std::string text(int32_t token) const = 0;
  // Without begin and end of text.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;
};

}  // namespace poems::phi
