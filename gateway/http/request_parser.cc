#include "gateway/http/request_parser.h"

#include <algorithm>
#include <utility>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

// A body in a string that grows with what has come, never with what was announced.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool kRequest, class Fields>
    reader(http::header<kRequest, Fields>&, std::string& body) : body_(body) {}
    void init(const boost::optional<uint64_t>&, error_code& error) { error = {}; }
    template <class Buffers>
    size_t put(const Buffers& buffers, error_code& error) {
      size_t taken = 0;
      for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers);
           ++at) {
        const asio::const_buffer piece = *at;
        body_.append(static_cast<const char*>(piece.data()), piece.size());
        taken += piece.size();
      }
      error = {};
      return taken;
    }
    void finish(error_code& error) { error = {}; }

   private:
    std::string& body_;
  };
};

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

struct RequestParser::Machine {
  explicit Machine(const Limits& limits) {
    parser.header_limit(static_cast<uint32_t>(limits.max_head_bytes));
    parser.body_limit(limits.max_body_bytes);
    parser.eager(false);
  }
  http::request_parser<GrowingBody> parser;
};

RequestParser::RequestParser(Limits limits)
    : limits_(limits), machine_(std::make_unique<Machine>(limits)) {}
RequestParser::~RequestParser() = default;

bool RequestParser::done() const { return head_.has_value() && machine_->parser.is_done(); }
size_t RequestParser::body_bytes() const { return machine_->parser.get().body().size(); }

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
  auto& parser = machine_->parser;
  begun_ = true;
  error_code error;
  const size_t taken = parser.put(asio::buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::need_more) error = {};
  if (error) {
    const int status = StatusOf(error);
    Refuse(status, status == 413
                       ? Text("the body is larger than ", limits_.max_body_bytes, " bytes")
                       : Text("bad HTTP: ", error.message()));
  } else if (parser.is_header_done() && !has_head()) {
    ReadHead();
  }
  return taken;
}

void RequestParser::ReadHead() {
  const auto& message = machine_->parser.get();
  RequestHead& head = head_.emplace();
  head.method = ToString(message.method_string());
  head.target = WithoutHost(ToString(message.target()));
  for (const auto& field : message) {
    head.headers.emplace_back(ToString(field.name_string()), ToString(field.value()));
  }
  head.keep_alive = machine_->parser.keep_alive();
  if (const auto length = machine_->parser.content_length()) head.content_length = *length;
  CheckHead();
}

void RequestParser::CheckHead() {
  const unsigned version = machine_->parser.get().version();
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
  Request request(*std::move(head_), std::move(machine_->parser.get().body()));
  machine_ = std::make_unique<Machine>(limits_);
  head_.reset();
  begun_ = false;
  return request;
}

void RequestParser::Refuse(int status, std::string_view text) {
  problem_ = Problem{.status = status, .text = std::string(text)};
}

}  // namespace chains::gateway
