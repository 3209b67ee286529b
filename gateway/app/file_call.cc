#include "gateway/app/file_call.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "chains/core/text.h"
#include "chains/json/json_reader.h"
#include "chains/v1/file.pb.h"
#include "gateway/app/errors.h"
#include "gateway/app/feed.h"
#include "gateway/app/pages.h"
#include "gateway/app/replies.h"
#include "gateway/app/streamed_call.h"
#include "gateway/body/header_value.h"
#include "gateway/body/range.h"

namespace chains::gateway {
namespace {

// A call of the method, from its head on.
struct File {
  std::unique_ptr<Feed<Bytes>> parts;
  v1::FileHead head;
};

Task<std::optional<v1::FilePart>> NextPart(StreamedCall& call, Feed<Bytes>& parts) {
  call.recording().GoesOn();
  while (true) {
    std::optional<Feed<Bytes>::Item> item = co_await parts.Next(call.Until());
    if (!item) {
      co_await call.Late();
      continue;
    }
    call.IsActive();
    co_await item->status();
    if (!(*item)->has_value()) co_return std::nullopt;
    call.recording().Pauses();
    v1::FilePart part;
    co_await (**item)->ParseInto(part);
    co_return part;
  }
}

Task<File> Open(std::shared_ptr<StreamedCall> call, v1::FileRequest request) {
  Bytes sent = co_await Bytes::Serialize(request);
  File file;
  file.parts =
      std::make_unique<Feed<Bytes>>(call->loop(), call->context(), Replies(call, std::move(sent)));
  std::optional<v1::FilePart> first = co_await NextPart(*call, *file.parts);
  if (!first || !first->has_head()) {
    co_await absl::InternalError(
        Text(call->method().snake_name, " did not begin its answer with the head of a file"));
  }
  file.head = std::move(*first->mutable_head());
  co_return std::move(file);
}

// The bytes that are left of a file's call.
Stream<std::string> Data(std::shared_ptr<StreamedCall> call, std::unique_ptr<Feed<Bytes>> parts,
                         uint64_t left) {
  absl::Status end;
  while (true) {
    absl::StatusOr<std::optional<v1::FilePart>> part = co_await Outcome(NextPart(*call, *parts));
    end = part.status();
    if (!end.ok()) break;
    if (!part->has_value()) {
      if (left > 0) end = absl::DataLossError(Text("the file ended ", left, " bytes early"));
      break;
    }
    std::string data = std::move(*(*part)->mutable_data());
    if (data.size() > left) {
      end = absl::InternalError("the file came with more bytes than its head says");
      break;
    }
    left -= data.size();
    call->tally().BytesOut(data.size());
    if (!data.empty()) co_yield std::move(data);
  }
  parts.reset();
  call->Ended(end);
  co_await end;
}

// What may stand between quotes in a header.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isprint(c) && c != '"' && c != '\\'; });
}

// RFC 6266: a plain name for old clients, then the real one.
std::string DispositionOf(const std::string& name) {
  std::string plain = name;
  std::string encoded;
  for (char& c : plain) {
    if (absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_') {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
    if (!IsPlain({&c, 1})) c = '_';
  }
  return Text("attachment; filename=\"", plain, "\"; filename*=UTF-8''", encoded);
}

std::optional<absl::Time> ModifiedOf(const v1::FileHead& head) {
  if (!head.has_modified()) return std::nullopt;
  return absl::FromUnixSeconds(head.modified().seconds());
}

Response PageOf(const v1::FileHead& head) {
  const bool has_type = !head.content_type().empty();
  Response response = Page(has_type ? head.content_type() : "application/octet-stream", "");
  response.headers.emplace_back("Accept-Ranges", "bytes");
  // Whoever keeps it asks whether it is still the same, with the key that it has.
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  // Whatever a chain serves, a browser must not run it as one of the gateway's own pages, where the
  // key of whoever is signed in counts.
  response.headers.emplace_back("Content-Security-Policy", "sandbox");
  if (!head.etag().empty() && IsPlain(head.etag()))
    response.headers.emplace_back("ETag", Text("\"", head.etag(), "\""));
  if (const auto modified = ModifiedOf(head)) {
    response.headers.emplace_back("Last-Modified", HttpDate(*modified));
  }
  if (!head.name().empty()) {
    response.headers.emplace_back("Content-Disposition", DispositionOf(head.name()));
  }
  return response;
}

Response NotModified(const v1::FileHead& head) {
  Response response = PageOf(head);
  response.status = 304;
  return response;
}

Response NoSuchRange(const v1::FileHead& head) {
  Response response = ErrorResponse(
      absl::OutOfRangeError(Text("the file has no such bytes, but ", head.size())), 416);
  response.headers.emplace_back("Content-Range", Text("bytes */", head.size()));
  return response;
}

// One request, step by step.
class Serving {
 public:
  Serving(std::shared_ptr<StreamedCall> call, const RequestHead& head, std::string path)
      : call_(std::move(call)), head_(head), is_head_(head.method == "HEAD") {
    wanted_.set_path(std::move(path));
    wanted_.set_head_only(is_head_);
    const auto range = head.Header("range");
    if (range && !is_head_) range_ = ParseRange(*range);
  }

  Task<Response> Answer() {
    const auto if_range = head_.Header("if-range");
    std::optional<std::string> same;  // the tag of the head that came first
    if (range_ && (if_range || !range_->first)) {
      v1::FileRequest asked = wanted_;
      asked.set_head_only(true);
      const File first = co_await Open(call_, std::move(asked));
      if (std::optional<Response> answer = Answered(first.head)) co_return *std::move(answer);
      const bool holds = !if_range || IsSame(*if_range, first.head.etag(), ModifiedOf(first.head));
      if (!holds) range_.reset();
      if (std::optional<ByteSpan> span = Span(first.head)) {
        range_ = ByteRange{.first = span->first, .last = span->last};
        same = first.head.etag();
      } else if (range_) {
        co_return call_->Whole(NoSuchRange(first.head));
      }
    }
    if (range_) {
      wanted_.set_first(*range_->first);
      if (range_->last) wanted_.set_last(*range_->last);
    }
    File file = co_await Open(call_, wanted_);
    if (same && *same != file.head.etag()) {
      co_await absl::UnavailableError("the file changed while it was asked for, try again");
    }
    if (std::optional<Response> answer = Answered(file.head)) co_return *std::move(answer);
    co_return Served(std::move(file));
  }

 private:
  std::optional<ByteSpan> Span(const v1::FileHead& head) const {
    return range_ ? SpanOf(*range_, head.size()) : std::nullopt;
  }
  // Where the client has the file already.
  std::optional<Response> Answered(const v1::FileHead& head) {
    const auto tags = head_.Header("if-none-match");
    if (!tags || !ListsEtag(*tags, head.etag())) return std::nullopt;
    return call_->Whole(NotModified(head));
  }
  Response Served(File file) {
    Response response = PageOf(file.head);
    const std::optional<ByteSpan> span = Span(file.head);
    if (range_ && !span) return call_->Whole(NoSuchRange(file.head));
    const uint64_t size = span ? span->size() : file.head.size();
    response.length = size;
    if (is_head_) return call_->Whole(std::move(response));
    if (span) {
      response.status = 206;
      response.headers.emplace_back(
          "Content-Range", Text("bytes ", span->first, "-", span->last, "/", file.head.size()));
    }
    response.pieces = Data(call_, std::move(file.parts), size);
    return response;
  }

  const std::shared_ptr<StreamedCall> call_;
  const RequestHead& head_;
  const bool is_head_;
  v1::FileRequest wanted_;
  std::optional<ByteRange> range_;
};

}  // namespace

absl::Status CheckFilePath(const RequestHead& head, const json::Transcoder::Method& method) {
  const bool serves_files =
      method.call.kind == MethodKind::kServerStreaming &&
      method.descriptor->input_type()->full_name() == "chains.v1.FileRequest" &&
      method.descriptor->output_type()->full_name() == "chains.v1.FilePart";
  if (!serves_files) {
    return absl::NotFoundError(Text(method.snake_name,
                                    " serves no files, so that a path ends with it; methods that "
                                    "do are of chains/v1/file.proto"));
  }
  if (head.method == "GET" || head.method == "HEAD") return absl::OkStatus();
  return WithHttpStatus(absl::UnimplementedError("files are asked for with GET and HEAD"), 405);
}

absl::StatusOr<std::string> FilePathOf(std::string_view rest) {
  std::string path;
  for (size_t at = 0; at <= rest.size();) {
    const size_t end = std::min(rest.find('/', at), rest.size());
    std::string part;
    const bool decodes = DecodePercent(rest.substr(at, end - at), part) && json::IsUtf8(part);
    const bool is_plain = decodes && std::none_of(part.begin(), part.end(), [](char c) {
                            return absl::ascii_iscntrl(c) || c == '/';
                          });
    if (!is_plain || part.empty() || part == "." || part == "..") {
      return absl::InvalidArgumentError(
          Text("the path of a file is of parts like a/b%20c.txt, none of them empty, . or .."));
    }
    if (!path.empty()) path += '/';
    path += part;
    at = end + 1;
  }
  return path;
}

Task<Response> FileCall(const RequestHead& head, Invocation& invocation, std::string_view rest) {
  std::string path = co_await FilePathOf(rest);
  const auto call = std::make_shared<StreamedCall>(invocation);
  Serving serving(call, head, std::move(path));
  absl::StatusOr<Response> response = co_await Outcome(serving.Answer());
  if (!response.ok()) co_return call->Refusal(response.status());
  co_return *std::move(response);
}

}  // namespace chains::gateway
