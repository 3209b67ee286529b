#include "deploy/cli/http.h"

#include <cctype>
#include <memory>

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "deploy/cli/json_text.h"

namespace chains::deploy::cli {
namespace {

using google::protobuf::Value;

constexpr size_t kMaxBody = size_t{512} << 20;

// What libcurl's callbacks write to.
struct Exchange {
  const HttpRequest& request;
  HttpAnswer answer = {};
  bool too_large = false;
  bool left = false;
};

size_t TakeHeader(char* bytes, size_t size, size_t count, void* to) {
  Exchange& exchange = *static_cast<Exchange*>(to);
  const std::string_view line(bytes, size * count);
  const size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    exchange.answer.headers.clear();  // of an answer before this one, 100 say
    const size_t space = line.find(' ');
    exchange.answer.status =
        space == std::string_view::npos ? 0 : std::atoi(std::string(line.substr(space)).c_str());
  } else if (colon != std::string_view::npos) {
    exchange.answer.headers.emplace_back(
        absl::AsciiStrToLower(ToAbsl(line.substr(0, colon))),
        std::string(absl::StripAsciiWhitespace(ToAbsl(line.substr(colon + 1)))));
  }
  return line.size();
}

size_t TakeBody(char* bytes, size_t size, size_t count, void* to) {
  Exchange& exchange = *static_cast<Exchange*>(to);
  const std::string_view piece(bytes, size * count);
  if (exchange.request.take != nullptr && exchange.answer.status / 100 == 2) {
    exchange.left = !exchange.request.take(piece);
    return exchange.left ? 0 : piece.size();
  }
  exchange.too_large = exchange.answer.body.size() + piece.size() > kMaxBody;
  if (exchange.too_large) return 0;
  exchange.answer.body += piece;
  return piece.size();
}

struct EasyEnd {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListEnd>;

void Append(HeaderList& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return;
  static_cast<void>(list.release());
  list.reset(longer);
}

HeaderList HeadersOf(const HttpRequest& request) {
  HeaderList list;
  Append(list, "Content-Type: application/json");
  Append(list, "Expect:");  // no pause before a large body
  for (const auto& [name, value] : request.headers) Append(list, Text(name, ": ", value));
  return list;
}

absl::Status Failure(CURLcode code, const Exchange& exchange) {
  const std::string& url = exchange.request.url;
  if (exchange.left) return absl::CancelledError("stopped");
  if (exchange.too_large) {
    return absl::ResourceExhaustedError(Text("the answer of ", url, " is larger than 512 MiB"));
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return absl::DeadlineExceededError(
        Text("no answer from ", url, " in ", absl::FormatDuration(exchange.request.timeout)));
  }
  return absl::UnavailableError(Text("cannot call ", url, ": ", curl_easy_strerror(code),
                                     "; is the platform running (chains up)?"));
}

absl::StatusCode CodeFromName(const std::string& name) {
  for (int i = 1; i <= 16; ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    if (absl::StatusCodeToString(code) == name) return code;
  }
  return absl::StatusCode::kUnknown;
}

std::vector<Hop> PathFrom(const Value& error) {
  std::vector<Hop> path;
  const Value* const hops = Member(error, "path");
  if (hops == nullptr) return path;
  for (const Value& hop : hops->list_value().values()) {
    path.push_back({.chainlet = TextMember(hop, "chainlet"),
                    .method = TextMember(hop, "method"),
                    .replica = TextMember(hop, "replica"),
                    .attempt = static_cast<int>(NumberMember(hop, "attempt"))});
  }
  return path;
}

}  // namespace

std::string HttpAnswer::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

absl::StatusOr<HttpAnswer> Post(const HttpRequest& request) {
  const std::unique_ptr<CURL, EasyEnd> handle(curl_easy_init());
  if (handle == nullptr) return absl::InternalError("libcurl has no memory");
  Exchange exchange{.request = request};
  const HeaderList headers = HeadersOf(request);
  CURL* const curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(request.timeout)));
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, TakeHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) return Failure(code, exchange);
  return std::move(exchange.answer);
}

absl::Status ErrorOf(const HttpAnswer& answer) {
  const absl::StatusOr<Value> body = ParseJson(answer.body);
  const Value* const error = body.ok() ? Member(*body, "error") : nullptr;
  if (error == nullptr) {
    return absl::UnknownError(Text("HTTP ", answer.status, ": ", answer.body.substr(0, 1000)));
  }
  const absl::Status status(CodeFromName(TextMember(*error, "code")),
                            TextMember(*error, "message"));
  const std::vector<Hop> path = PathFrom(*error);
  return path.empty() ? status : WithPath(status, path);
}

}  // namespace chains::deploy::cli
