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

// The bytes of a field are the whole body.
absl::StatusOr<std::string> RawToWire(const Transcoder& transcoder,
                                      const Transcoder::Method& method, std::string_view target,
                                      std::string_view body) {
  const FieldSchema& field = *OnlyBytesField(*method.request);
  FormFields fields(*method.request);
  absl::Status status = AddQuery(target, fields);
  if (status.ok()) status = fields.Expect(field);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> others = FieldsToWire(transcoder, method, fields);
  if (!others.ok()) return others.status();
  return WithField(*std::move(others), field, body);
}

// A form that is whole: the others of its fields are read like JSON, then its files follow.
class WholeForm {
 public:
  explicit WholeForm(const Transcoder::Method& method)
      : method_(method), fields_(*method.request) {}

  absl::Status Read(std::string_view boundary, std::string_view body) {
    constexpr size_t kStep = 64 << 10;
    MultipartParser parser(boundary);
    for (;;) {
      switch (parser.Next()) {
        case MultipartParser::Event::kMore:
          if (body.empty()) parser.End();
          parser.Feed(body.substr(0, kStep));
          body.remove_prefix(std::min(body.size(), kStep));
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
  const FormFields& fields() const { return fields_; }
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
  absl::StatusOr<std::string> wire = FieldsToWire(transcoder, method, form.fields());
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
                         const Transcoder& transcoder, const Transcoder::Method& method,
                         const GatewayOptions& options, ByteBudget::Hold& hold) {
  const Encoding encoding = co_await BodyEncodingOf(headers);
  const uint64_t limit = BodyLimitOf(method, options);
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
    return WireOfBody(transcoder, method, headers, request.head.target,
                      plain ? *plain : request.body);
  };
  // What is packed may be large however little came.
  if (encoding != Encoding::kIdentity || request.body.size() > options.blocking_bytes) {
    co_await Blocking([&] { wire = read(); });
  } else {
    wire = read();
  }
  co_return co_await std::move(wire);
}

}  // namespace chains::gateway
