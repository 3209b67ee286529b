// ScalarWriter: one JSON value that holds no others to the bytes of one field's value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chains/json/json_reader.h"
#include "chains/json/place.h"
#include "chains/json/schema.h"
#include "chains/json/wire.h"

namespace chains::json {

// Reads from `in` and writes to `out`, both of which outlive it. What is wrong fails `in`, and the
// answer is false.
class ScalarWriter {
 public:
  ScalarWriter(JsonReader& in, WireWriter& out) : in_(in), out_(out) {}

  // The next value, without a tag, as `field` has it: a number, string, bytes, bool or enum.
  bool Write(const FieldSchema& field, const Place& place);
  // The same for one that is known to be a string.
  bool String(const Place& place);
  // The same for a number that stands at `at`, in a key say, with this text.
  bool Number(const FieldSchema& field, std::string_view text, size_t at, const Place& place);

  // The fields of the message that the next value is the short form of.
  bool Time(const MessageSchema& type, const Place& place);  // Timestamp or Duration
  bool FieldMask(const Place& place);

 private:
  bool Signed(const FieldSchema& field, std::string_view text, size_t at, const Place& place);
  bool Unsigned(const FieldSchema& field, std::string_view text, size_t at, const Place& place);
  void Integer(const FieldSchema& field, int64_t number);
  bool Floating(const FieldSchema& field, std::string_view text, size_t at, const Place& place);
  bool BoolValue(const Place& place);
  bool EnumValue(const FieldSchema& field, const Place& place);
  bool BytesValue(const Place& place);

  JsonReader& in_;
  WireWriter& out_;
};

}  // namespace chains::json
