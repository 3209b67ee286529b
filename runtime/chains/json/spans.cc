#include "chains/json/spans.h"

namespace chains::json {
namespace {

bool Matches(const FieldSchema& field, WireType type) {
  return type == field.wire_type || (field.packable && type == WireType::kBytes);
}

bool IsWhole(std::string_view message) {
  WireReader reader(message);
  for (WireReader::Field field; reader.Next(field);) continue;
  return reader.ok();
}

}  // namespace

Spans::Spans(const MessageSchema& type, std::string_view wire)
    : wire_(wire), spans_(type.fields.size()) {
  WireReader reader(wire);
  size_t begin = 0;
  for (WireReader::Field found; reader.Next(found); begin = reader.offset()) {
    const FieldSchema* field = type.Numbered(found.number);
    if (field == nullptr || !Matches(*field, found.type)) continue;
    for (const FieldSchema* other : field->excludes) spans_[other->index] = Span();
    Span& span = spans_[field->index];
    if (span.end == 0) span.begin = begin;
    span.end = reader.offset();
  }
  ok_ = reader.ok();
}

bool NextOf(const FieldSchema& field, WireReader& reader, WireReader::Field& value) {
  while (reader.Next(value)) {
    if (value.number == field.number() && Matches(field, value.type)) return true;
  }
  return false;
}

bool LastOf(const FieldSchema& field, std::string_view span, WireReader::Field& value) {
  WireReader reader(span);
  bool any = false;
  for (WireReader::Field next; NextOf(field, reader, next); any = true) value = next;
  return any;
}

// Protobuf's rule: pieces of one message merge, which is what their bytes in a row mean. A piece
// that is broken could take from the next what it lacks: it is answered alone, for its reader to
// refuse.
std::string_view MessageBytes(const FieldSchema& field, std::string_view span,
                              std::string& joined) {
  WireReader reader(span);
  WireReader::Field first;
  if (!NextOf(field, reader, first)) return {};
  if (reader.offset() == span.size()) return first.bytes;
  if (!IsWhole(first.bytes)) return first.bytes;
  joined = first.bytes;
  for (WireReader::Field next; NextOf(field, reader, next);) {
    if (!IsWhole(next.bytes)) return next.bytes;
    joined += next.bytes;
  }
  return joined;
}

}  // namespace chains::json
