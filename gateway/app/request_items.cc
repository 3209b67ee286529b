#include "gateway/app/request_items.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "chains/core/blocking.h"
#include "chains/core/recording.h"
#include "chains/core/text.h"
#include "gateway/app/request_body.h"
#include "gateway/app/request_chunks.h"
#include "gateway/app/stream_format.h"
#include "gateway/body/delimited.h"
#include "gateway/body/elements.h"
#include "gateway/body/lines.h"
#include "gateway/body/media.h"

namespace chains::gateway {
namespace {

// So much of a body is a sign of life, though no request is whole yet.
constexpr size_t kProgressBytes = 64 << 10;

// The next piece of a body, counted.
class Pieces {
 public:
  Pieces(StreamedCall& call, Stream<std::string> pieces)
      : call_(call), pieces_(std::move(pieces)), share_(call.held()) {}

  // Coroutines await what this returns, then hand it to Count().
  NextItem<std::string, internal::OnFailure::kYieldsStatus> Next() {
    return Outcome(pieces_.Next());
  }
  // What to say of a body that cannot be read any further; OK where it goes on or ends.
  absl::Status Count(const absl::StatusOr<std::optional<std::string>>& piece) {
    if (!piece.ok()) {
      call_.RequestFailed(piece.status());
      return piece.status();
    }
    if (!*piece) return absl::OkStatus();
    call_.tally().BytesIn((*piece)->size());
    moved_ += (*piece)->size();
    if (moved_ >= kProgressBytes) call_.IsActive();
    moved_ %= kProgressBytes;
    return absl::OkStatus();
  }
  // What is held of it here; likewise.
  absl::Status Hold(size_t bytes) {
    absl::Status fits = share_.Set(bytes);
    if (!fits.ok()) call_.RequestFailed(fits);
    return fits;
  }

 private:
  StreamedCall& call_;
  Stream<std::string> pieces_;
  size_t moved_ = 0;
  HeldBytes::Share share_;
};

// "1:9: a value…" on line 3 is "line 3, column 9 of the body: a value…".
absl::Status At(const std::string& where, const absl::Status& problem) {
  std::string_view message = MessageOf(problem);
  if (where.starts_with("line ") && message.starts_with("1:")) {
    const size_t end = message.find_first_not_of("0123456789", 2);
    if (end != std::string_view::npos && end > 2 && message.substr(end).starts_with(": ")) {
      return absl::Status(problem.code(), Text(where, ", column ", message.substr(2, end - 2),
                                               " of the body", message.substr(end)));
    }
  }
  return absl::Status(problem.code(), Text(where, " of the body: ", message));
}

absl::StatusOr<std::string> ToWire(const StreamedCall& call, std::string_view json) {
  return call.transcoder().RequestToWire(call.method(), json);
}

// A request of the body, `text` long, to what a channel carries. `text` outlives it.
Task<Bytes> ItemOf(StreamedCall& call, std::string_view text, bool is_json, std::string where) {
  call.IsActive();
  if (!is_json) co_return Bytes(text);
  absl::StatusOr<std::string> wire;
  const internal::Serializing transcoding(call.recording().record());
  if (text.size() > call.options().blocking_bytes) {
    co_await Blocking([&] { wire = ToWire(call, text); });
  } else {
    wire = ToWire(call, text);
  }
  if (!wire.ok()) {
    const absl::Status problem = At(where, wire.status());
    call.RequestFailed(problem);
    co_await problem;
  }
  co_return Bytes(*wire);
}

template <typename Splitter>
Stream<Bytes> Split(std::shared_ptr<StreamedCall> call, Stream<std::string> body, bool is_json) {
  Splitter splitter(call->options().streams.max_item_bytes);
  Pieces pieces(*call, std::move(body));
  bool ended = false;
  while (!ended) {
    absl::StatusOr<std::optional<std::string>> piece = co_await pieces.Next();
    co_await pieces.Count(piece);
    ended = !piece->has_value();
    if (!ended) splitter.Add(**piece);
    co_await pieces.Hold(splitter.bytes_held());
    while (true) {
      const auto part = ended ? splitter.Last() : splitter.Next();
      if (!part.ok()) call->RequestFailed(part.status());
      co_await part.status();
      if (!*part) break;
      Bytes item = co_await ItemOf(*call, **part, is_json, splitter.Where());
      co_yield std::move(item);
      if (ended) break;
    }
  }
}

// The whole of what begins with `text`.
Stream<Bytes> Elements(std::shared_ptr<StreamedCall> call, Stream<std::string> body) {
  const size_t most = call->options().streams.max_gathered_bytes;
  std::string text;
  Pieces pieces(*call, std::move(body));
  while (true) {
    absl::StatusOr<std::optional<std::string>> piece = co_await pieces.Next();
    co_await pieces.Count(piece);
    if (!piece->has_value()) break;
    if (text.size() + (*piece)->size() > most) {
      const absl::Status problem = absl::ResourceExhaustedError(
          Text("the body is an array of more than ", most,
               " bytes; send a request on each line instead (application/x-ndjson)"));
      call->RequestFailed(problem);
      co_await problem;
    }
    text += **piece;
    co_await pieces.Hold(text.capacity());
  }
  ElementSplitter splitter(text);
  while (true) {
    const auto part = splitter.Next();
    if (!part.ok()) call->RequestFailed(part.status());
    co_await part.status();
    if (!*part) break;
    Bytes item = co_await ItemOf(*call, **part, true, splitter.Where());
    co_yield std::move(item);
  }
}

Stream<std::string> With(std::string first, Stream<std::string> rest) {
  co_yield std::move(first);
  while (std::optional<std::string> piece = co_await rest.Next()) co_yield std::move(*piece);
}

// Lines, or an array: its first character says it.
Stream<Bytes> LinesOrElements(std::shared_ptr<StreamedCall> call, Stream<std::string> body) {
  std::string begin;
  while (absl::StripAsciiWhitespace(begin).empty()) {
    absl::StatusOr<std::optional<std::string>> piece = co_await Outcome(body.Next());
    if (!piece.ok()) call->RequestFailed(piece.status());
    co_await piece.status();
    if (!piece->has_value()) co_return;
    begin += **piece;
  }
  const bool is_array = IsArray(begin);
  Stream<std::string> whole = With(std::move(begin), std::move(body));
  Stream<Bytes> items = is_array ? Elements(call, std::move(whole))
                                 : Split<LineSplitter>(call, std::move(whole), true);
  while (std::optional<Bytes> item = co_await items.Next()) co_yield std::move(*item);
}

Stream<std::string> Counted(std::shared_ptr<StreamedCall> call, Stream<std::string> body) {
  while (std::optional<std::string> piece = co_await body.Next()) {
    call->tally().BytesIn(piece->size());
    co_yield *std::move(piece);
  }
}

// What becomes of a body's chunks, told the call.
Stream<Bytes> Watched(std::shared_ptr<StreamedCall> call, Stream<Bytes> chunks) {
  while (true) {
    absl::StatusOr<std::optional<Bytes>> chunk = co_await Outcome(chunks.Next());
    if (!chunk.ok()) call->RequestFailed(chunk.status());
    co_await chunk.status();
    if (!chunk->has_value()) co_return;
    call->IsActive();
    co_yield std::move(**chunk);
  }
}

}  // namespace

Stream<Bytes> RequestItems(std::shared_ptr<StreamedCall> call, Request& request,
                           Encoding encoding) {
  const BodyHeaders headers = BodyHeadersOf(request.head);
  const uint64_t limit = BodyLimitOf(call->method(), call->options());
  Stream<std::string> body = PlainPieces(request, encoding, limit);
  if (ComesInChunks(headers, call->method())) {
    Stream<Bytes> chunks =
        ChunksOf(Counted(call, std::move(body)), call->transcoder(), call->method(),
                 std::string(*headers.type), request.head.target);
    return Watched(std::move(call), std::move(chunks));
  }
  if (SendsProtobuf(request.head)) {
    return Split<DelimitedSplitter>(std::move(call), std::move(body), false);
  }
  if (SendsLines(request.head)) {
    return Split<LineSplitter>(std::move(call), std::move(body), true);
  }
  return LinesOrElements(std::move(call), std::move(body));
}

Task<Bytes> RequestItem(std::shared_ptr<StreamedCall> call, const Request& request) {
  const internal::Serializing transcoding(call->recording().record());
  const absl::StatusOr<std::string> wire =
      co_await Outcome(WireOf(request, BodyHeadersOf(request.head), call->transcoder(),
                              call->method(), call->options(), call->unpacked()));
  if (!wire.ok()) call->RequestFailed(wire.status());
  co_await wire.status();
  co_return Bytes(*wire);
}

}  // namespace chains::gateway
