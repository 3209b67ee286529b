#include "gateway/app/request_chunks.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "chains/core/text.h"
#include "gateway/app/form_fields.h"
#include "gateway/body/multipart.h"

namespace chains::gateway {

using json::FieldSchema;
using json::Transcoder;

bool ComesInChunks(const BodyHeaders& headers, const Transcoder::Method& method) {
  const Media media = MediaOf(headers.type);
  return method.descriptor->client_streaming() &&
         (media == Media::kMultipart || media == Media::kOther) &&
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
    absl::StatusOr<std::string> wire = FieldsToWire(transcoder_, method_, fields);
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
  if (!request.pieces) return Decoded(OnePiece(std::move(request.body)), encoding, max_bytes);
  // Pieces that are not packed were counted as they came.
  if (encoding == Encoding::kIdentity) return *std::move(request.pieces);
  return Decoded(*std::move(request.pieces), encoding, max_bytes);
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
