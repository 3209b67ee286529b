// Spans: where in a serialized message each of its fields lies.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "chains/json/schema.h"
#include "chains/json/wire.h"

namespace chains::json {

// From the first to the last occurrence of a field; others may lie between.
class Spans {
 public:
  // Reads `wire`, which outlives this, once. ok() is false where it is no message.
  Spans(const MessageSchema& type, std::string_view wire);

  bool ok() const { return ok_; }
  bool Has(const FieldSchema& field) const { return spans_[field.index].end != 0; }
  // Empty without any.
  std::string_view Of(const FieldSchema& field) const {
    const Span& span = spans_[field.index];
    return wire_.substr(span.begin, span.end - span.begin);
  }

 private:
  struct Span {
    size_t begin = 0;
    size_t end = 0;
  };
  std::string_view wire_;
  bool ok_ = true;
  absl::InlinedVector<Span, 8> spans_;
};

// The next occurrence of `field`, as its type travels or packed.
bool NextOf(const FieldSchema& field, WireReader& reader, WireReader::Field& value);

// The last value of a field that is no message; false without any.
bool LastOf(const FieldSchema& field, std::string_view span, WireReader::Field& value);

// The bytes of a message that may have come in several pieces. `joined` holds them where it did.
std::string_view MessageBytes(const FieldSchema& field, std::string_view span, std::string& joined);

}  // namespace chains::json
