#include "chains/json/json_to_wire.h"

#include <algorithm>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/json/json_reader.h"
#include "chains/json/place.h"
#include "chains/json/scalar_to_wire.h"
#include "chains/json/wire.h"

namespace chains::json {
namespace {

using google::protobuf::FieldDescriptor;
using Kind = JsonReader::Kind;
using Form = MessageSchema::Form;

// Protobuf's parsers refuse what nests deeper.
constexpr int kMaxMessageDepth = 100;
// Every level of Any reads all that is in it once more.
constexpr int kMaxAnyDepth = 4;

constexpr size_t kSmallJson = 64;

// Which fields of a message have been given.
class Seen {
 public:
  explicit Seen(const MessageSchema& type) : bits_((type.fields.size() + 63) / 64) {}
  bool Has(const FieldSchema& field) const {
    return bits_[field.index / 64] >> field.index % 64 & 1;
  }
  void Add(const FieldSchema& field) { bits_[field.index / 64] |= uint64_t{1} << field.index % 64; }

 private:
  absl::InlinedVector<uint64_t, 2> bits_;
};

class Writer {
 public:
  Writer(const Schema& schema, std::string_view json, size_t max_bytes)
      : schema_(schema), json_(json), in_(json), max_bytes_(max_bytes) {}

  absl::StatusOr<std::string> Request(const MessageSchema& type);

 private:
  bool Message(const MessageSchema& type, const Place& place);
  bool FieldsOf(const MessageSchema& type, const Place& place, Seen& seen);
  bool Member(const FieldSchema& field, const Place& place, Seen& seen);
  bool List(const FieldSchema& field, const Place& place);
  bool Map(const FieldSchema& field, const Place& place);
  bool MapKey(const FieldSchema& field, const std::string& key, const Place& place);
  bool Single(const FieldSchema& field, const Place& place);
  bool Part(uint32_t number, const MessageSchema& type, const Place& place);

  bool StructValue(const MessageSchema& type, const Place& place);
  bool FindType(const Place& place, std::string& url);
  bool AnyValue(const Place& place);
  bool AnyMember(const MessageSchema& type, const Place& place);
  bool Value(const MessageSchema& type, const Place& place);

  bool Deeper(const Place& place);
  bool Fits();
  absl::Status Missing(const MessageSchema& type, const Seen& seen) const;

  const Schema& schema_;
  const std::string_view json_;
  JsonReader in_;
  WireWriter out_;
  ScalarWriter scalars_{in_, out_};
  const size_t max_bytes_;
  bool too_large_ = false;
  int depth_ = 0;
  int any_depth_ = 0;
};

bool IsGiven(const Requirement& requirement, const Seen& seen) {
  for (const FieldSchema* field : requirement.any_of) {
    if (seen.Has(*field)) return true;
  }
  return false;
}

std::string NameOf(const Requirement& requirement) {
  if (requirement.any_of.size() == 1) return requirement.name;
  std::vector<std::string> members;
  for (const FieldSchema* field : requirement.any_of) members.emplace_back(field->name);
  return Text(requirement.name, " (one of ", absl::StrJoin(members, ", "), ")");
}

// Fields for which null is a value, not an absence.
bool TakesNull(const FieldSchema& field) {
  return (field.message != nullptr && field.message->form == Form::kValue) ||
         (field.values != nullptr && field.values->is_null);
}

absl::StatusOr<std::string> Writer::Request(const MessageSchema& type) {
  const Place top;
  Seen seen(type);
  // A message is rarely larger than its JSON; a small one may need no memory of its own at all.
  if (json_.size() > kSmallJson) out_.Reserve(std::min(json_.size(), max_bytes_));
  // No body at all is no argument at all.
  const bool nothing = json_.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (type.form != Form::kFields) {
    Message(type, top);
  } else if (!nothing) {
    FieldsOf(type, top, seen);
  }
  if (!nothing || type.form != Form::kFields) in_.Finish();
  if (too_large_) {
    return absl::ResourceExhaustedError(
        Text("the message is larger than ", max_bytes_, " bytes once it is in wire format"));
  }
  if (!in_.ok()) return in_.status();
  if (type.form == Form::kFields) {
    if (absl::Status missing = Missing(type, seen); !missing.ok()) return missing;
  }
  return std::move(out_).Take();
}

absl::Status Writer::Missing(const MessageSchema& type, const Seen& seen) const {
  std::vector<std::string> names;
  for (const Requirement& requirement : type.required) {
    if (!IsGiven(requirement, seen)) names.push_back(NameOf(requirement));
  }
  if (names.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(Text("missing: ", absl::StrJoin(names, ", ")));
}

bool Writer::Message(const MessageSchema& type, const Place& place) {
  Seen seen(type);
  switch (type.form) {
    case Form::kFields:
      return FieldsOf(type, place, seen);
    case Form::kWrapper:
      return Single(type.fields[0], place);
    case Form::kTimestamp:
    case Form::kDuration:
      return scalars_.Time(type, place);
    case Form::kFieldMask:
      return scalars_.FieldMask(place);
    case Form::kAny:
      return AnyValue(place);
    case Form::kValue:
      return Value(type, place);
    case Form::kStruct:
    case Form::kList:
      return StructValue(type, place);
  }
  return false;
}

bool Writer::FieldsOf(const MessageSchema& type, const Place& place, Seen& seen) {
  if (in_.Peek() != Kind::kObject) return FailOnNext(in_, place, "an object");
  in_.BeginObject();
  for (std::string_view key; in_.NextMember(key) && Fits();) {
    const FieldSchema* field = type.Named(key);
    if (field == nullptr) {
      in_.Skip();
    } else {
      Member(*field, Place{.above = &place, .name = field->name}, seen);
    }
  }
  return in_.ok();
}

bool Writer::Member(const FieldSchema& field, const Place& place, Seen& seen) {
  const size_t at = in_.offset();
  if (in_.Peek() == Kind::kNull && !TakesNull(field)) return in_.ReadNull();
  if (seen.Has(field)) return FailAt(in_, at, place, "given twice");
  for (const FieldSchema* other : field.excludes) {
    if (seen.Has(*other)) {
      return FailAt(in_, at, place, Text("excludes ", other->name, ", which is given too"));
    }
  }
  seen.Add(field);
  if (field.descriptor->is_map()) return Map(field, place);
  if (field.descriptor->is_repeated()) return List(field, place);
  return Single(field, place);
}

bool Writer::List(const FieldSchema& field, const Place& place) {
  if (in_.Peek() != Kind::kArray) return FailOnNext(in_, place, "a list");
  in_.BeginArray();
  WireWriter::Part run{};
  if (field.packable) {
    out_.Tag(field.number(), WireType::kBytes);
    run = out_.Open();
  }
  Place element{.above = &place, .name = {}, .is_key = false, .element = 0};
  // Which way to go is asked once for all: of 10,000 strings that is a quarter of the instructions.
  if (field.type == FieldDescriptor::TYPE_STRING) {
    for (; in_.NextElement() && Fits(); ++element.element) {
      out_.Tag(field.number(), WireType::kBytes);
      scalars_.String(element);
    }
  } else {
    for (; in_.NextElement() && Fits(); ++element.element) {
      field.packable ? scalars_.Write(field, element) : Single(field, element);
    }
  }
  if (field.packable) out_.Close(run);
  return in_.ok();
}

bool Writer::Map(const FieldSchema& field, const Place& place) {
  if (in_.Peek() != Kind::kObject) return FailOnNext(in_, place, "an object");
  const FieldSchema& key_field = *field.message->Numbered(1);
  const FieldSchema& value_field = *field.message->Numbered(2);
  in_.BeginObject();
  for (std::string_view key; in_.NextMember(key) && Fits();) {
    const std::string kept(key);
    const Place entry{.above = &place, .name = kept, .is_key = true};
    if (!Deeper(entry)) return false;
    out_.Tag(field.number(), WireType::kBytes);
    const WireWriter::Part part = out_.Open();
    if (MapKey(key_field, kept, entry)) Single(value_field, entry);
    out_.Close(part);
    --depth_;
  }
  return in_.ok();
}

bool Writer::MapKey(const FieldSchema& field, const std::string& key, const Place& place) {
  out_.Tag(1, field.wire_type);
  switch (field.type) {
    case FieldDescriptor::TYPE_STRING:
      out_.Bytes(key);
      return true;
    case FieldDescriptor::TYPE_BOOL:
      if (key != "true" && key != "false") {
        return FailAt(in_, in_.key_offset(), place, "the key must be true or false");
      }
      out_.Varint(key == "true");
      return true;
    default:
      return scalars_.Number(field, key, in_.key_offset(), place);
  }
}

// With its tag.
bool Writer::Single(const FieldSchema& field, const Place& place) {
  if (field.message != nullptr) return Part(field.number(), *field.message, place);
  out_.Tag(field.number(), field.wire_type);
  return scalars_.Write(field, place);
}

bool Writer::Part(uint32_t number, const MessageSchema& type, const Place& place) {
  if (!Deeper(place)) return false;
  out_.Tag(number, WireType::kBytes);
  const WireWriter::Part part = out_.Open();
  Message(type, place);
  out_.Close(part);
  --depth_;
  return in_.ok();
}

bool Writer::Deeper(const Place& place) {
  if (++depth_ <= kMaxMessageDepth) return true;
  return FailAt(in_, in_.offset(), place,
                Text("messages nested deeper than ", kMaxMessageDepth, " levels"));
}

// An object as google.protobuf.Struct, a list as ListValue.
bool Writer::StructValue(const MessageSchema& type, const Place& place) {
  if (type.form == Form::kList) return List(*type.Numbered(1), place);
  return Map(*type.Numbered(1), place);
}

bool Writer::Value(const MessageSchema& type, const Place& place) {
  switch (in_.Peek()) {
    case Kind::kNothing:
      return false;
    case Kind::kNull:
      out_.Tag(1, WireType::kVarint);
      out_.Varint(0);
      return in_.ReadNull();
    case Kind::kNumber:
      return Single(*type.Numbered(2), place);
    case Kind::kString:
      return Single(*type.Numbered(3), place);
    case Kind::kBool:
      return Single(*type.Numbered(4), place);
    case Kind::kObject:
      return Single(*type.Numbered(5), place);
    case Kind::kArray:
      return Single(*type.Numbered(6), place);
  }
  return false;
}

// Reads ahead for "@type". False where something is wrong, and after `{}`, an Any of nothing.
bool Writer::FindType(const Place& place, std::string& url) {
  JsonReader ahead = in_;
  bool empty = true;
  bool given = false;
  ahead.BeginObject();
  for (std::string_view key; ahead.NextMember(key); empty = false) {
    if (key != "@type") {
      ahead.Skip();
      continue;
    }
    if (given) return FailAt(in_, ahead.offset(), place, "@type: given twice");
    given = true;
    const Kind kind = ahead.Peek();
    if (kind != Kind::kString && kind != Kind::kNothing) {
      return FailOn(in_, ahead.offset(), place, "a string as @type");
    }
    std::string_view text;
    if (ahead.ReadString(text)) url = text;
  }
  if (ahead.ok() && !empty) return true;
  in_ = ahead;
  return false;
}

// {"@type": "type.googleapis.com/pkg.Message", …its fields, or "value" for a type with a form of
// its own}. The type may come last, so a copy of the reader looks for it first.
bool Writer::AnyValue(const Place& place) {
  if (in_.Peek() != Kind::kObject) return FailOnNext(in_, place, "an object with @type");
  const size_t at = in_.offset();
  std::string url;
  if (!FindType(place, url)) return in_.ok();
  const size_t slash = url.rfind('/');
  const MessageSchema* type =
      slash == std::string::npos ? nullptr : schema_.Find(std::string_view(url).substr(slash + 1));
  if (type == nullptr)
    return FailAt(in_, at, place, Text("@type names no message of this chain: '", url, "'"));
  if (++any_depth_ > kMaxAnyDepth) {
    return FailAt(in_, at, place, Text("Any in Any deeper than ", kMaxAnyDepth, " levels"));
  }
  out_.Tag(1, WireType::kBytes);
  out_.Bytes(url);
  type->form == Form::kFields ? Part(2, *type, place) : AnyMember(*type, place);
  --any_depth_;
  return in_.ok();
}

// The member "value" of an Any whose type has a form of its own.
bool Writer::AnyMember(const MessageSchema& type, const Place& place) {
  in_.BeginObject();
  bool given = false;
  for (std::string_view key; in_.NextMember(key) && Fits();) {
    if (key != "value") {
      in_.Skip();
      continue;
    }
    if (given) return FailAt(in_, in_.offset(), place, "value: given twice");
    given = true;
    Part(2, type, place);
  }
  return in_.ok();
}

bool Writer::Fits() {
  if (out_.size() <= max_bytes_) return true;
  too_large_ = true;
  return in_.Fail(in_.offset(), "too large");
}

}  // namespace

absl::StatusOr<std::string> JsonToWire(const Schema& schema, const MessageSchema& type,
                                       std::string_view json, size_t max_bytes) {
  return Writer(schema, json, max_bytes).Request(type);
}

}  // namespace chains::json
