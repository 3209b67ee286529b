#include "gateway/http/request_parser.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kUsualHeaders = 12;
constexpr size_t kLastChunk = 5;  // "0\r\n\r\n"

int StatusOf(const error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::bad_version) return 505;
  return 400;
}

template <class View>
std::string ToString(const View& view) {
  return std::string(view.data(), view.size());
}

// "http://host/path" → "/path"; everything else as it is.
std::string WithoutHost(std::string target) {
  if (target.starts_with('/')) return target;
  for (const char* scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(target, scheme)) continue;
    const size_t path = target.find_first_of("/?", std::string_view(scheme).size());
    if (path == std::string::npos) return "/";
    return Text(target[path] == '/' ? "" : "/", target.substr(path));
  }
  return target;
}

size_t CountOf(const HttpHeaders& headers, std::string_view name) {
  return std::count_if(headers.begin(), headers.end(), [&](const auto& header) {
    return absl::EqualsIgnoreCase(header.first, ToAbsl(name));
  });
}

}  // namespace

// What Beast's parser finds goes straight into a RequestHead and a body: its own containers would
// be filled and copied, which took as long as the parsing. The body is a string that grows with
// what has come, never with what was announced.
class RequestParser::Machine final : public http::basic_parser<true> {
 public:
  explicit Machine(const Limits& limits) {
    header_limit(static_cast<uint32_t>(limits.max_head_bytes));
    // Its own would be judged before a handler can say another.
    body_limit(std::numeric_limits<uint64_t>::max());
    body_left = limits.max_body_bytes;
    eager(false);
  }

  RequestHead head;
  std::string body;
  uint64_t body_left = 0;
  int version = 0;

  // Whether `bytes`, which come next, may be the beginning of the last chunk. Of that Beast (1.74)
  // asserts that the line behind it is there with it, which may come by itself.
  bool may_be_part_of_last_chunk(std::string_view bytes) const {
    return is_header_done() && chunked() && chunk_left_ == 0 && bytes.size() < kLastChunk &&
           bytes.starts_with('0');
  }

 private:
  using Name = http::field;
  using View = boost::beast::string_view;

  void on_request_impl(http::verb, View method, View target, int of, error_code& error) override {
    head.method = ToString(method);
    head.target = WithoutHost(ToString(target));
    head.headers.reserve(kUsualHeaders);
    version = of;
    error = {};
  }
  void on_field_impl(Name, View name, View value, error_code& error) override {
    error = {};
    if (in_trailer_) return;
    head.headers.emplace_back(std::piecewise_construct,
                              std::forward_as_tuple(name.data(), name.size()),
                              std::forward_as_tuple(value.data(), value.size()));
  }
  void on_header_impl(error_code& error) override {
    in_trailer_ = true;
    error = {};
  }
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code& error) override {
    error = {};
  }
  size_t on_body_impl(View bytes, error_code& error) override {
    if (bytes.size() > body_left) {
      error = http::error::body_limit;
      return 0;
    }
    body_left -= bytes.size();
    body.append(bytes.data(), bytes.size());
    error = {};
    return bytes.size();
  }
  void on_chunk_header_impl(uint64_t size, View, error_code& error) override {
    error = {};
    chunk_left_ = size;
    if (size > body_left) error = http::error::body_limit;
  }
  size_t on_chunk_body_impl(uint64_t, View bytes, error_code& error) override {
    const size_t taken = on_body_impl(bytes, error);
    chunk_left_ -= taken;
    return taken;
  }
  void on_finish_impl(error_code& error) override { error = {}; }
  void on_response_impl(int, View, int, error_code& error) override {
    error = http::error::bad_method;  // a parser of requests never calls this
  }

  bool in_trailer_ = false;
  uint64_t chunk_left_ = 0;  // of the one whose head has come
};

RequestParser::RequestParser(Limits limits, bool is_tls)
    : limits_(limits),
      is_tls_(is_tls),
      body_limit_(limits.max_body_bytes),
      machine_(std::make_unique<std::optional<Machine>>()) {
  machine_->emplace(limits_);
}
RequestParser::~RequestParser() = default;

bool RequestParser::done() const { return head_.has_value() && (*machine_)->is_done(); }
size_t RequestParser::body_bytes() const { return (*machine_)->body.size(); }
std::string RequestParser::TakeBody() { return std::exchange((*machine_)->body, std::string()); }

void RequestParser::LimitBody(uint64_t bytes) {
  body_limit_ = bytes;
  (*machine_)->body_left = bytes;
  if (head_->content_length.value_or(0) > bytes) RefuseBody();
}

void RequestParser::RefuseBody() {
  Refuse(413, Text("the body is larger than ", body_limit_, " bytes"));
}

size_t RequestParser::Feed(std::string_view bytes) {
  size_t taken = 0;
  while (!problem_ && !done() && taken < bytes.size()) {
    const bool had_head = has_head();
    const size_t step = Step(bytes.substr(taken));
    taken += step;
    if (has_head() != had_head) return taken;
    if (step == 0) break;
  }
  // What it cannot take yet is a head, or the head or trailer of a chunk.
  if (!problem_ && taken == 0 && !done() && bytes.size() >= limits_.max_head_bytes) {
    has_head() ? Refuse(400, "a chunk's head or trailer is too long")
               : Refuse(431, Text("the head is longer than ", limits_.max_head_bytes, " bytes"));
  }
  return taken;
}

size_t RequestParser::Step(std::string_view bytes) {
  Machine& parser = **machine_;
  begun_ = true;
  if (parser.may_be_part_of_last_chunk(bytes)) return 0;
  error_code error;
  const size_t taken = parser.put(asio::buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::need_more) error = {};
  if (error) {
    const int status = StatusOf(error);
    if (status == 413) {
      RefuseBody();
    } else {
      Refuse(status, Text("bad HTTP: ", error.message()));
    }
  } else if (parser.is_header_done() && !has_head()) {
    ReadHead();
  }
  return taken;
}

void RequestParser::ReadHead() {
  Machine& machine = **machine_;
  head_ = std::move(machine.head);
  head_->keep_alive = machine.keep_alive();
  head_->is_tls = is_tls_;
  head_->is_http_1_0 = machine.version == 10;
  if (const auto length = machine.content_length()) head_->content_length = *length;
  CheckHead();
}

void RequestParser::CheckHead() {
  const int version = (*machine_)->version;
  const size_t codings = CountOf(head_->headers, "transfer-encoding");
  const size_t hosts = CountOf(head_->headers, "host");
  if (version != 10 && version != 11)
    return Refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (hosts > 1 || (hosts == 0 && version == 11)) return Refuse(400, "one Host header is needed");
  if (codings > 1 || (codings == 1 && version == 10)) {
    return Refuse(400, "Transfer-Encoding is not possible here");
  }
  if (codings == 1 && head_->content_length) {
    return Refuse(400, "Content-Length and Transfer-Encoding exclude each other");
  }
  if (codings == 1 &&
      !absl::EqualsIgnoreCase(ToAbsl(*head_->Header("transfer-encoding")), "chunked")) {
    return Refuse(501, "the only Transfer-Encoding spoken here is chunked");
  }
  if (const auto expected = head_->Header("expect"); expected && version == 11) {
    if (!absl::EqualsIgnoreCase(ToAbsl(*expected), "100-continue")) {
      return Refuse(417, "the only Expect understood here is 100-continue");
    }
    head_->expects_continue = true;
  }
}

Request RequestParser::Take() {
  Request request(*std::move(head_), std::move((*machine_)->body));
  machine_->emplace(limits_);
  body_limit_ = limits_.max_body_bytes;
  head_.reset();
  begun_ = false;
  return request;
}

void RequestParser::Refuse(int status, std::string_view text) {
  problem_ = Problem{.status = status, .text = std::string(text)};
}

}  // namespace chains::gateway
