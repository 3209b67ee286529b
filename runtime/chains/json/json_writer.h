// JsonWriter: writes JSON, one value after another; it puts the commas.
//
//   JsonWriter json;
//   json.BeginObject().Key("name").String("Ada").Key("ages").BeginArray().Integer(36).End().End();
//   std::move(json).Take();   // {"name":"Ada","ages":[36]}
//
// Keys and values alternate as the caller writes them: nothing is checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chains::json {

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& BeginArray() { return Open('['); }
  // Ends the innermost object or array.
  JsonWriter& End();
  JsonWriter& Key(std::string_view key);

  // Bytes that are not UTF-8 come out as U+FFFD, and valid() is false from then on.
  JsonWriter& String(std::string_view text);
  JsonWriter& Base64(std::string_view bytes);
  JsonWriter& Integer(int64_t number);
  JsonWriter& Unsigned(uint64_t number);
  // The shortest digits that read back as the same number; "NaN", "Infinity", "-Infinity" quoted.
  JsonWriter& Double(double number);
  JsonWriter& Float(float number);
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  // A value that is JSON already.
  JsonWriter& Raw(std::string_view json);

  bool valid() const { return valid_; }
  size_t size() const { return out_.size(); }
  std::string Take() && { return std::move(out_); }

 private:
  JsonWriter& Open(char bracket);
  void Separate();
  void Quote(std::string_view text);
  void Escape(unsigned char c);
  template <typename Number>
  JsonWriter& Floating(Number number);

  std::string out_;
  std::string closing_;  // the brackets that are open, innermost last
  bool fresh_ = true;    // no comma is due
  bool valid_ = true;
};

}  // namespace chains::json
