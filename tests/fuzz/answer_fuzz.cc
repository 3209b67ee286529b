// Whatever a service elsewhere answers, and any URL of one: a failure stays short and says where it
// came from, pieces stay within their bound, and what is asked is a target on one line.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "chains/core/text.h"
#include "chains/http/asked.h"
#include "chains/http/failure.h"
#include "chains/http/pieces.h"
#include "chains/http/url.h"
#include "chains/json/json_reader.h"

namespace chains::http {
namespace {

constexpr size_t kMost = 64;

void TryFailure(std::string_view body) {
  Response response;
  response.status = 400 + static_cast<int>(body.size() % 200);
  response.body = body;
  response.headers["retry-after"] = body.substr(0, 20);
  const absl::Status failure = FailureOf("where", response);
  const std::string_view message = MessageOf(failure);
  if (failure.ok() || !message.starts_with("where: ")) std::abort();
  if (message.size() > 1100 || !json::IsUtf8(message)) std::abort();
  if (message.find_first_of("\r\n") != std::string_view::npos) std::abort();
  const std::optional<absl::Status> inside = FailureIn("where", body);
  if (inside && (inside->ok() || inside->message().size() > 1100)) std::abort();
}

void TryPieces(std::string_view type, std::string_view body) {
  Pieces pieces(type, kMost);
  std::optional<std::string> piece;
  while (!body.empty()) {
    const size_t end = std::min(body.find('\n'), body.size());
    piece = pieces.Line(body.substr(0, end));
    // An error's event is put into an object.
    if (piece && piece->size() > kMost + 16) std::abort();
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  piece = pieces.End();
  if (piece && (piece->size() > kMost || pieces.too_large())) std::abort();
}

void TryAsked(std::string_view text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view path = text.substr(0, end);
  const std::string json(text.substr(std::min(end + 1, text.size())));
  for (const char* verb : {"GET", "POST"}) {
    if (!CheckMapping(verb, path).ok()) continue;
    const absl::StatusOr<Asked> asked = PlaceRequest(verb, path, json);
    if (!asked.ok()) continue;
    if (!asked->target.starts_with('/')) std::abort();
    if (asked->target.find_first_of("\r\n #{}") != std::string::npos) std::abort();
  }
}

void TryUrl(std::string_view text) {
  const absl::StatusOr<UrlParts> parts = ParseUrl(text);
  if (!parts.ok()) return;
  const std::string again = Text(parts->scheme, "://", parts->host, ":", parts->port, parts->path);
  const absl::StatusOr<UrlParts> same = ParseUrl(again);
  if (!same.ok() || same->host != parts->host || same->port != parts->port ||
      same->path != parts->path) {
    std::abort();
  }
}

}  // namespace
}  // namespace chains::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  chains::http::TryFailure(text);
  for (const char* type : {"text/event-stream", "application/x-ndjson", ""}) {
    chains::http::TryPieces(type, text);
  }
  chains::http::TryAsked(text);
  chains::http::TryUrl(text);
  return 0;
}
