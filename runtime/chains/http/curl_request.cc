#include "chains/http/curl_request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/http/url.h"

namespace chains::http {
namespace {

constexpr size_t kMaxHeaderBytes = 64 << 10;
constexpr long kConnectMs = 10'000;
constexpr long kKeepAliveSeconds = 30;  // a server that is gone is noticed after about a minute

long Milliseconds(absl::Duration duration) {
  const absl::Duration most = absl::Hours(24);
  return static_cast<long>(
      std::max<int64_t>(1, absl::ToInt64Milliseconds(std::clamp(duration, {}, most))));
}

// Given without a copy: the address outlives the request.
void SetBlob(CURL* handle, CURLoption option, const std::string& text) {
  if (text.empty()) return;
  curl_blob blob;
  blob.data = const_cast<char*>(text.data());
  blob.len = text.size();
  blob.flags = CURL_BLOB_NOCOPY;
  curl_easy_setopt(handle, option, &blob);
}

bool IsOneLine(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

}  // namespace

CurlRequest::CurlRequest(Request asked, Limits limits, std::shared_ptr<Mailbox> box)
    : asked_(std::move(asked)),
      limits_(limits),
      box_(std::move(box)),
      handle_(curl_easy_init()),
      last_(absl::Now()) {}

CurlRequest::~CurlRequest() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(connect_to_);
}

absl::Status CurlRequest::Prepare(const ServerAddress& address) {
  if (handle_ == nullptr) return absl::ResourceExhaustedError("libcurl has no memory left");
  if (absl::Status status = SetPlace(address); !status.ok()) return status;
  SetMethod();
  SetTls(address);
  curl_easy_setopt(handle_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_USERAGENT, "chains");
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds / 3);
  if (limits_.timeout != absl::InfiniteDuration()) {
    curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, Milliseconds(limits_.timeout));
  }
  curl_easy_setopt(handle_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  return SetHeaders(address);
}

absl::Status CurlRequest::SetPlace(const ServerAddress& address) {
  absl::StatusOr<UrlParts> parts = ParseHttpUrl(address.url);
  if (!parts.ok()) return parts.status();
  if (!address.proxy.empty()) {
    curl_easy_setopt(handle_, CURLOPT_PROXY, address.proxy.c_str());
    curl_easy_setopt(handle_, CURLOPT_NOPROXY, "");
  } else if (IsLoopback(parts->host)) {
    curl_easy_setopt(handle_, CURLOPT_NOPROXY, "*");
  }
  if (!address.server_name.empty()) {
    // The certificate is checked against the URL's host, so that says the name, and this the place.
    connect_to_ = curl_slist_append(connect_to_, Text("::", parts->host, ":", parts->port).c_str());
    curl_easy_setopt(handle_, CURLOPT_CONNECT_TO, connect_to_);
    parts->host = address.server_name;
  }
  url_ = Text(parts->scheme, "://", parts->host, ":", parts->port, parts->path, asked_.target());
  curl_easy_setopt(handle_, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(handle_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  // A watch holds a connection of its own; there are few of them, and it can be paused alone.
  curl_easy_setopt(handle_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  return absl::OkStatus();
}

void CurlRequest::SetMethod() {
  if (!asked_.body().empty() || asked_.method() == "POST" || asked_.method() == "PUT") {
    curl_easy_setopt(handle_, CURLOPT_POST, 1L);
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(asked_.body().size()));
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, asked_.body().c_str());
  }
  if (asked_.method() == "HEAD") curl_easy_setopt(handle_, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, asked_.method().c_str());
}

void CurlRequest::SetTls(const ServerAddress& address) {
  if (!address.ca.empty()) {
    SetBlob(handle_, CURLOPT_CAINFO_BLOB, address.ca);
    curl_easy_setopt(handle_, CURLOPT_CAPATH, nullptr);  // this CA, and not the system's as well
  }
  SetBlob(handle_, CURLOPT_SSLCERT_BLOB, address.certificate);
  SetBlob(handle_, CURLOPT_SSLKEY_BLOB, address.key);
  if (address.skip_verify) {
    curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

absl::Status CurlRequest::SetHeaders(const ServerAddress& address) {
  const auto add = [this](const std::string& line) {
    if (curl_slist* more = curl_slist_append(headers_, line.c_str())) headers_ = more;
  };
  bool accepts = false;
  for (const auto& [name, value] : asked_.headers()) {
    if (!IsOneLine(name) || !IsOneLine(value)) continue;
    accepts = accepts || absl::EqualsIgnoreCase(name, "Accept");
    add(Text(name, ": ", value));
  }
  if (!accepts) add("Accept: application/json, */*");
  add("Expect:");  // no round trip before a body
  if (!asked_.body().empty()) add(Text("Content-Type: ", asked_.content_type()));
  if (address.token != nullptr) {
    absl::StatusOr<std::string> token = address.token();
    if (!token.ok()) return token.status();
    if (!IsOneLine(*token)) {
      return absl::InvalidArgumentError("the bearer token has more than one line");
    }
    add(Text("Authorization: Bearer ", *token));
  }
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
  return absl::OkStatus();
}

size_t CurlRequest::OnHeader(char* bytes, size_t size, size_t count, void* self) {
  return static_cast<CurlRequest*>(self)->TakeHeader({bytes, size * count});
}

size_t CurlRequest::OnBody(char* bytes, size_t size, size_t count, void* self) {
  return static_cast<CurlRequest*>(self)->TakeBody({bytes, size * count});
}

size_t CurlRequest::TakeHeader(std::string_view line) {
  const size_t all = line.size();
  last_ = absl::Now();
  header_bytes_ += all;
  if (head_done_) return all;  // a trailer
  const std::string_view text = ToStd(absl::StripAsciiWhitespace(ToAbsl(line)));
  if (absl::StartsWith(ToAbsl(text), "HTTP/")) {
    response_ = {};
    const size_t space = text.find(' ');
    if (space != text.npos &&
        !absl::SimpleAtoi(ToAbsl(text.substr(space + 1, 3)), &response_.status)) {
      response_.status = 0;
    }
  } else if (text.empty()) {
    head_done_ = response_.status >= 200;  // else the real head follows
    if (head_done_ && limits_.by_lines && response_.status == 200) PutHead();
  } else if (header_bytes_ <= kMaxHeaderBytes) {
    const size_t colon = std::min(text.find(':'), text.size());
    response_.headers[absl::AsciiStrToLower(ToAbsl(text.substr(0, colon)))] = std::string(
        absl::StripAsciiWhitespace(ToAbsl(text.substr(std::min(colon + 1, text.size())))));
  }
  return all;
}

void CurlRequest::PutHead() {
  head_put_ = true;
  box_->Put(std::move(response_));
  response_ = {};
}

size_t CurlRequest::TakeBody(std::string_view piece) {
  waits_ = head_put_ && box_->MustWait();
  if (waits_) return CURL_WRITEFUNC_PAUSE;
  last_ = absl::Now();
  if (head_put_) return TakeLines(piece) ? piece.size() : 0;
  if (piece.size() > limits_.body - response_.body.size()) {
    failure_ = absl::ResourceExhaustedError(
        Text("the answer has more than ", limits_.body, " bytes; ask for less at a time"));
    return 0;
  }
  response_.body += piece;
  return piece.size();
}

bool CurlRequest::TakeLines(std::string_view piece) {
  while (!piece.empty()) {
    const size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (part.size() > limits_.line - partial_.size()) {
      failure_ = absl::ResourceExhaustedError(
          Text("the answer has a line of more than ", limits_.line, " bytes"));
      return false;
    }
    partial_ += part;
    if (end == piece.npos) return true;
    if (partial_.ends_with('\r')) partial_.pop_back();
    Response line;
    line.status = 200;
    line.body = std::exchange(partial_, "");
    box_->Put(std::move(line));
    piece.remove_prefix(end + 1);
  }
  return true;
}

CURLcode CurlRequest::GoOn() {
  waits_ = false;
  last_ = absl::Now();
  return curl_easy_pause(handle_, CURLPAUSE_CONT);  // this may call TakeBody()
}

absl::Time CurlRequest::quiet_until() const {
  return waits_ ? absl::InfiniteFuture() : last_ + limits_.quiet;
}

void CurlRequest::Finish(CURLcode code) {
  if (code != CURLE_OK) return box_->End(FailureOf(code));
  if (!head_put_) {
    PutHead();
  } else if (!partial_.empty()) {
    TakeLines("\n");
  }
  box_->End(absl::OkStatus());
}

absl::Status CurlRequest::FailureOf(CURLcode code) const {
  if (!failure_.ok()) return failure_;
  const std::string why = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
  curl_off_t passed = 0;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      curl_easy_getinfo(handle_, CURLINFO_TOTAL_TIME_T, &passed);
      if (absl::Microseconds(passed) < limits_.timeout - absl::Milliseconds(5))
        break;  // to connect
      return absl::DeadlineExceededError(Text(url_, ": ", why));
    case CURLE_PEER_FAILED_VERIFICATION:
      return absl::FailedPreconditionError(
          Text(url_, ": the server is not who it should be: ", why,
               "; check the certificate authority and the server's name"));
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return absl::FailedPreconditionError(
          Text(url_, ": a certificate or key of ours cannot be used: ", why));
    default:
      break;
  }
  return absl::UnavailableError(Text(url_, ": ", why));
}

}  // namespace chains::http
