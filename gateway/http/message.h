// What HTTP carries: a request that has come, a response that is to go.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chains/core/stream.h"
#include "gateway/http/web_socket.h"

namespace chains::gateway {

// Names as they came; they compare without regard to case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string_view> FindHeader(const HttpHeaders& headers, std::string_view name);

struct RequestHead {
  std::string method;  // "POST"
  std::string target;  // "/chains/hello/production/run_remote?x=1", never with scheme and host
  HttpHeaders headers;
  bool keep_alive = true;
  bool is_http_1_0 = false;
  bool is_http_2 = false;
  bool is_tls = false;  // it came so to this gateway, not to what may stand before it
  bool expects_continue = false;
  std::optional<uint64_t> content_length = std::nullopt;

  std::optional<std::string_view> Header(std::string_view name) const {
    return FindHeader(headers, name);
  }
  // The target up to its query. Asked several times a request, and find_first_of() would call
  // memchr for every character.
  std::string_view path() const {
    size_t end = 0;
    while (end < target.size() && target[end] != '?' && target[end] != '#') ++end;
    return std::string_view(target).substr(0, end);
  }
};

struct Request {
  Request(RequestHead request_head, std::string request_body)
      : head(std::move(request_head)), body(std::move(request_body)) {}

  RequestHead head;
  std::string body;  // empty where it comes in pieces
  // The body as it comes, where the handler's Admission asked for that. Little is read ahead of who
  // takes it, and the client waits. Fails RESOURCE_EXHAUSTED: it is larger than admitted;
  // INVALID_ARGUMENT: it is not HTTP.
  std::optional<Stream<std::string>> pieces = std::nullopt;
};

// Move-only. The server adds Date, what says how long the body is, and Connection.
struct Response {
  int status = 200;
  HttpHeaders headers = {};
  std::string body = {};
  // Instead of `body`, one that is made while it is sent: each piece goes out at once, and the next
  // one is asked for when the client's side has room for it. Where it fails the response is broken
  // off, so that no client takes it for whole. Dropped when the client leaves.
  std::optional<Stream<std::string>> pieces = std::nullopt;
  // How long the pieces are together, where that is known. Of a response to HEAD: how long the body
  // would be.
  std::optional<uint64_t> length = std::nullopt;
  // Asked when the pieces ended well: headers behind the body. HTTP/1.1 has them only for clients
  // that said `TE: trailers`.
  std::function<HttpHeaders()> trailers = nullptr;
  // Answers a WebSocket's opening handshake: the status is 101, there is no body, and this is what
  // the socket is given to.
  WebSocketHandler web_socket = nullptr;
};

// "Not Found"; empty for a status nobody named.
std::string_view ReasonOf(int status);

}  // namespace chains::gateway
