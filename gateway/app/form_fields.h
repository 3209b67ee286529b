// FormFields: a request whose fields come one by one and as text, as those of a form or a query do,
// made to the one message that its method takes. Pure.
//
//   FormFields fields(*method.request);
//   absl::Status status = fields.AddText("language", "de");
//   status = fields.AddJson("options", R"({"beams": 4})");
//   fields.Expect(*audio);                                   // its bytes come another way
//   absl::StatusOr<std::string> wire = FieldsToWire(transcoder, method, fields);
//   *wire = WithField(*std::move(wire), *audio, body);
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/json/schema.h"
#include "chains/json/transcoder.h"
#include "gateway/body/multipart.h"

namespace chains::gateway {

class FormFields {
 public:
  // `type` outlives it.
  explicit FormFields(const json::MessageSchema& type) : values_(type.fields.size()), type_(type) {}

  // The text of a field, or of one element of a list: a string as it is, numbers, bools and enums
  // as JSON has them without quotes, bytes in base64, messages and maps as JSON. A list of messages
  // may also come as one array. Names that the type does not have are left out, as in JSON.
  // INVALID_ARGUMENT: no such text, or a field twice.
  absl::Status AddText(std::string_view name, std::string_view text);
  // The JSON of a whole field, lists included.
  absl::Status AddJson(std::string_view name, std::string_view json);
  // A field of bytes that comes another way: it counts as given, and is empty here. The bytes are
  // to be appended to the message. INVALID_ARGUMENT: it is there twice, and no list.
  absl::Status Expect(const json::FieldSchema& field);

  bool empty() const;
  // Whether a field is there that may not be beside `field`, as members of one oneof.
  bool Excludes(const json::FieldSchema& field) const;
  size_t bytes() const { return bytes_; }
  // An object of all.
  std::string Json() const;

 private:
  struct Value {
    std::vector<std::string> elements;  // JSON
    bool whole = false;                 // the only element is the field's JSON
  };

  absl::Status Add(const json::FieldSchema& field, std::string json, bool whole);

  std::vector<Value> values_;  // by FieldSchema::index
  size_t bytes_ = 0;
  const json::MessageSchema& type_;
};

// Adds what the query of a request's target has.
absl::Status AddQuery(std::string_view target, FormFields& fields);
// Adds a part of a form that is no file.
absl::Status AddPart(const MultipartParser::Part& part, std::string_view text, FormFields& fields);

// The message of all fields. INVALID_ARGUMENT also says what is missing.
absl::StatusOr<std::string> FieldsToWire(const json::Transcoder& transcoder,
                                         const json::Transcoder::Method& method,
                                         const FormFields& fields);
// A message's bytes with those of `field` behind them.
std::string WithField(std::string wire, const json::FieldSchema& field, std::string_view bytes);

// The only field of `type` that holds bytes, and is no list; nullptr without one, and of several.
const json::FieldSchema* OnlyBytesField(const json::MessageSchema& type);

}  // namespace chains::gateway
