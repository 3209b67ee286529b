#include "gateway/app/request_body.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "chains/json/wire.h"
#include "gateway/app/errors.h"
#include "gateway/app/form_fields.h"
#include "gateway/body/multipart.h"
#include "gateway/body/query.h"

namespace chains::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using json::FieldSchema;
using json::Transcoder;

bool TakesStream(const Transcoder::Method& method) { return method.descriptor->client_streaming(); }

// What a method takes, for people.
std::string TakenBy(const Transcoder::Method& method) {
  const FieldSchema* const field = OnlyBytesField(*method.request);
  std::vector<std::string> types = {"application/json", "application/x-protobuf"};
  if (TakesStream(method)) types.emplace_back("application/x-ndjson");
  if (field != nullptr || !TakesStream(method)) types.emplace_back("multipart/form-data");
  if (field != nullptr) types.push_back(Text("any other type for the bytes of ", field->name));
  return absl::StrJoin(types, ", ");
}

// A message's beginning, `field` with these bytes behind it.
std::string WithField(std::string wire, const FieldSchema& field, std::string_view bytes) {
  json::WireWriter head;
  head.Tag(field.number(), json::WireType::kBytes);
  head.Varint(bytes.size());
  const std::string tag = std::move(head).Take();
  wire.reserve(wire.size() + tag.size() + bytes.size());
  wire += tag;
  wire += bytes;
  return wire;
}

absl::Status AddQuery(std::string_view target, FormFields& fields) {
  const auto query = QueryOf(target);
  if (!query.ok()) return query.status();
  for (const auto& [name, value] : *query) {
    const absl::Status added = fields.AddText(name, value);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status AddPart(const MultipartParser::Part& part, std::string_view text, FormFields& fields) {
  const bool is_json = part.content_type == "application/json";
  return is_json ? fields.AddJson(part.name, text) : fields.AddText(part.name, text);
}

// The bytes of a field are the whole body.
absl::StatusOr<std::string> RawToWire(const Transcoder& transcoder,
                                      const Transcoder::Method& method, std::string_view target,
                                      std::string_view body) {
  const FieldSchema& field = *OnlyBytesField(*method.request);
  FormFields fields(*method.request);
  absl::Status status = AddQuery(target, fields);
  if (status.ok()) status = fields.Expect(field);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> others = transcoder.RequestToWire(method, fields.Json());
  if (!others.ok()) return others.status();
  return WithField(*std::move(others), field, body);
}

// A form that is whole: the others of its fields are read like JSON, then its files follow.
class WholeForm {
 public:
  explicit WholeForm(const Transcoder::Method& method)
      : method_(method), fields_(*method.request) {}

  absl::Status Read(std::string_view boundary, std::string_view body) {
    MultipartParser parser(boundary);
    for (;;) {
      switch (parser.Next()) {
        case MultipartParser::Event::kMore:
          if (body.empty()) parser.End();
          parser.Feed(body.substr(0, kChunk));
          body.remove_prefix(std::min(body.size(), kChunk));
          break;
        case MultipartParser::Event::kPart:
          if (absl::Status begun = Begin(parser.part()); !begun.ok()) return begun;
          break;
        case MultipartParser::Event::kData:
          if (is_known_) (length_ ? files_.bytes() : text_) += parser.data();
          break;
        case MultipartParser::Event::kPartEnd:
          if (absl::Status ended = End(parser.part()); !ended.ok()) return ended;
          break;
        case MultipartParser::Event::kEnd:
          return absl::OkStatus();
        case MultipartParser::Event::kProblem:
          return parser.problem();
      }
    }
  }
  std::string Json() const { return fields_.Json(); }
  std::string TakeFiles() { return std::move(files_).Take(); }

 private:
  absl::Status Begin(const MultipartParser::Part& part) {
    const FieldSchema* const field = method_.request->Named(part.name);
    is_known_ = field != nullptr;
    text_.clear();
    if (!is_known_ || field->type != FieldDescriptor::TYPE_BYTES) return absl::OkStatus();
    const absl::Status expected = fields_.Expect(*field);
    if (!expected.ok()) return expected;
    files_.Tag(field->number(), json::WireType::kBytes);
    length_ = files_.Open();
    return absl::OkStatus();
  }
  absl::Status End(const MultipartParser::Part& part) {
    if (!is_known_) return absl::OkStatus();
    if (!length_) return AddPart(part, text_, fields_);
    files_.Close(*std::exchange(length_, std::nullopt));
    return absl::OkStatus();
  }

  const Transcoder::Method& method_;
  FormFields fields_;
  json::WireWriter files_;
  std::optional<json::WireWriter::Part> length_;  // of the file that comes
  bool is_known_ = false;
  std::string text_;
};

absl::StatusOr<std::string> FormToWire(const Transcoder& transcoder,
                                       const Transcoder::Method& method,
                                       std::string_view content_type, std::string_view body) {
  const absl::StatusOr<std::string> boundary = MultipartParser::BoundaryOf(content_type);
  if (!boundary.ok()) return boundary.status();
  WholeForm form(method);
  const absl::Status read = form.Read(*boundary, body);
  if (!read.ok()) return read;
  absl::StatusOr<std::string> wire = transcoder.RequestToWire(method, form.Json());
  if (!wire.ok()) return wire.status();
  *wire += form.TakeFiles();
  return wire;
}

absl::Status TooLarge(uint64_t limit) {
  return WithHttpStatus(
      absl::ResourceExhaustedError(Text("the body is larger than ", limit, " bytes")), 413);
}

}  // namespace

absl::Status CheckMedia(const BodyHeaders& headers, const Transcoder::Method& method) {
  const Media media = MediaOf(headers.type);
  bool takes = false;
  switch (media) {
    case Media::kJson:
    case Media::kProtobuf:
      takes = true;
      break;
    case Media::kLines:
      takes = TakesStream(method) || OnlyBytesField(*method.request) != nullptr;
      break;
    case Media::kMultipart:
      takes = !TakesStream(method) || OnlyBytesField(*method.request) != nullptr;
      break;
    case Media::kOther:
      takes = OnlyBytesField(*method.request) != nullptr;
      break;
  }
  if (takes) return absl::OkStatus();
  constexpr size_t kShown = 100;
  return WithHttpStatus(absl::InvalidArgumentError(Text(
                            method.snake_name, " takes a body of ", TakenBy(method), "; not ",
                            TypeWithoutParameters(headers.type.value_or("")).substr(0, kShown))),
                        415);
}

absl::StatusOr<Encoding> BodyEncodingOf(const BodyHeaders& headers) {
  absl::StatusOr<Encoding> encoding = EncodingOf(headers.encoding);
  if (encoding.ok()) return encoding;
  return WithHttpStatus(encoding.status(), 415);
}

absl::StatusOr<std::string> WireOfBody(const Transcoder& transcoder,
                                       const Transcoder::Method& method, const BodyHeaders& headers,
                                       std::string_view target, std::string_view body) {
  const absl::Status checked = CheckMedia(headers, method);
  if (!checked.ok()) return checked;
  absl::StatusOr<std::string> wire;
  switch (MediaOf(headers.type)) {
    case Media::kJson:
      wire = transcoder.RequestToWire(method, body);
      break;
    case Media::kProtobuf:
      return std::string(body);
    case Media::kMultipart:
      wire = FormToWire(transcoder, method, *headers.type, body);
      break;
    default:
      wire = RawToWire(transcoder, method, target, body);
  }
  if (absl::IsResourceExhausted(wire.status())) return WithHttpStatus(wire.status(), 413);
  return wire;
}

Task<std::string> WireOf(const Request& request, const BodyHeaders& headers,
                         const Invocation& invocation, ByteBudget::Hold& hold) {
  const Encoding encoding = co_await BodyEncodingOf(headers);
  const uint64_t limit = BodyLimitOf(invocation.method, invocation.options);
  if (request.body.size() > limit) co_await TooLarge(limit);
  absl::StatusOr<std::string> wire;
  const auto read = [&]() -> absl::StatusOr<std::string> {
    std::optional<std::string> plain;
    if (encoding != Encoding::kIdentity) {
      absl::StatusOr<std::string> decoded = Decode(request.body, encoding, limit, &hold);
      if (absl::IsResourceExhausted(decoded.status())) return WithHttpStatus(decoded.status(), 413);
      if (!decoded.ok()) return decoded.status();
      plain = *std::move(decoded);
    }
    return WireOfBody(invocation.transcoder(), invocation.method, headers, request.head.target,
                      plain ? *plain : request.body);
  };
  // What is packed may be large however little came.
  if (encoding != Encoding::kIdentity || request.body.size() > invocation.options.blocking_bytes) {
    co_await Blocking([&] { wire = read(); });
  } else {
    wire = read();
  }
  co_return co_await std::move(wire);
}

bool ComesInChunks(const BodyHeaders& headers, const Transcoder::Method& method) {
  const Media media = MediaOf(headers.type);
  return TakesStream(method) && (media == Media::kMultipart || media == Media::kOther) &&
         OnlyBytesField(*method.request) != nullptr;
}

namespace {

Stream<std::string> OnePiece(std::string body) {
  if (!body.empty()) co_yield std::move(body);
}

// The messages of one method, as its fields and chunks come.
class Chunks {
 public:
  Chunks(const Transcoder& transcoder, const Transcoder::Method& method)
      : fields(*method.request),
        field(*OnlyBytesField(*method.request)),
        transcoder_(transcoder),
        method_(method) {}

  // All fields are there. Whether they are a message of their own: they may not stand beside the
  // bytes, as members of one oneof.
  absl::StatusOr<bool> Begin() {
    begun_ = true;
    const bool alone = fields.Excludes(field);
    if (!alone) {
      const absl::Status expected = fields.Expect(field);
      if (!expected.ok()) return expected;
    }
    const absl::Status read = ReadFields();
    if (!read.ok()) return read;
    return alone;
  }
  // The fields without any bytes.
  absl::Status ReadFields() {
    absl::StatusOr<std::string> wire = transcoder_.RequestToWire(method_, fields.Json());
    if (wire.ok()) beginning_ = *std::move(wire);
    return wire.status();
  }
  bool begun() const { return begun_; }

  Bytes TakeBeginning() { return Bytes(std::exchange(beginning_, std::string())); }
  // The next message; takes from the front of `data`.
  Bytes Next(std::string_view& data) {
    const std::string_view chunk = data.substr(0, kChunk);
    data.remove_prefix(chunk.size());
    sent_ = true;
    return Bytes(WithField(std::exchange(beginning_, std::string()), field, chunk));
  }
  // Whether any bytes were sent: an empty file is one message, too.
  bool sent() const { return sent_; }

  FormFields fields;
  const FieldSchema& field;

 private:
  const Transcoder& transcoder_;
  const Transcoder::Method& method_;
  std::string beginning_;
  bool begun_ = false;
  bool sent_ = false;
};

Stream<Bytes> RawChunks(Stream<std::string> pieces, const Transcoder& transcoder,
                        const Transcoder::Method& method, std::string target) {
  Chunks chunks(transcoder, method);
  co_await AddQuery(target, chunks.fields);
  const bool alone = co_await chunks.Begin();
  if (alone) co_yield chunks.TakeBeginning();
  while (std::optional<std::string> piece = co_await pieces.Next()) {
    for (std::string_view data = *piece; !data.empty();) co_yield chunks.Next(data);
  }
  std::string_view nothing;
  if (!chunks.sent()) co_yield chunks.Next(nothing);
}

absl::Status TooLate(const MultipartParser::Part& part, const Chunks& chunks) {
  if (part.name == chunks.field.name) {
    return absl::InvalidArgumentError(Text(part.name, ": it is there twice"));
  }
  return absl::InvalidArgumentError(
      Text(part.name, " comes behind ", chunks.field.name, ", but is sent before it"));
}

// A file of a form; its other parts come before it.
Stream<Bytes> FormChunks(Stream<std::string> pieces, const Transcoder& transcoder,
                         const Transcoder::Method& method, std::string content_type) {
  constexpr size_t kMaxText = 1 << 20;  // of the other parts together
  using Event = MultipartParser::Event;
  const std::string boundary = co_await MultipartParser::BoundaryOf(content_type);
  MultipartParser parser(boundary);
  Chunks chunks(transcoder, method);
  std::string text;
  bool is_file = false;
  bool is_known = false;
  std::string_view nothing;
  for (Event event = parser.Next(); event != Event::kEnd; event = parser.Next()) {
    if (event == Event::kProblem) co_await parser.problem();
    if (event == Event::kMore) {
      const std::optional<std::string> piece = co_await pieces.Next();
      piece ? parser.Feed(*piece) : parser.End();
    } else if (event == Event::kPart) {
      is_known = method.request->Named(parser.part().name) != nullptr;
      is_file = parser.part().name == chunks.field.name;
      if (is_known && chunks.begun()) co_await TooLate(parser.part(), chunks);
      if (!is_file) continue;
      const bool alone = co_await chunks.Begin();
      if (alone) co_yield chunks.TakeBeginning();
    } else if (event == Event::kData && is_file) {
      for (std::string_view data = parser.data(); !data.empty();) co_yield chunks.Next(data);
    } else if (event == Event::kData && is_known) {
      text += parser.data();
      if (text.size() + chunks.fields.bytes() > kMaxText) {
        co_await absl::ResourceExhaustedError(Text(parser.part().name, ": a form's fields but ",
                                                   chunks.field.name, " have 1 MiB together"));
      }
    } else if (event == Event::kPartEnd && is_file) {
      if (!chunks.sent()) co_yield chunks.Next(nothing);
    } else if (event == Event::kPartEnd && is_known) {
      co_await AddPart(parser.part(), std::exchange(text, std::string()), chunks.fields);
    }
  }
  if (chunks.begun()) co_return;
  co_await chunks.ReadFields();
  co_yield chunks.TakeBeginning();
}

}  // namespace

Stream<std::string> PlainPieces(Request& request, Encoding encoding, uint64_t max_bytes) {
  Stream<std::string> pieces =
      request.pieces ? *std::move(request.pieces) : OnePiece(std::move(request.body));
  // Pieces that are not packed were counted as they came.
  if (encoding == Encoding::kIdentity) return pieces;
  return Decoded(std::move(pieces), encoding, max_bytes);
}

Stream<Bytes> ChunksOf(Stream<std::string> pieces, const Transcoder& transcoder,
                       const Transcoder::Method& method, std::string content_type,
                       std::string target) {
  if (MediaOf(content_type) == Media::kMultipart) {
    return FormChunks(std::move(pieces), transcoder, method, std::move(content_type));
  }
  return RawChunks(std::move(pieces), transcoder, method, std::move(target));
}

}  // namespace chains::gateway
