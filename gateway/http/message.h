// What HTTP carries: a request that has come, a response that is to go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chains::gateway {

// Names as they came; they compare without regard to case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string_view> FindHeader(const HttpHeaders& headers, std::string_view name);

struct RequestHead {
  std::string method;  // "POST"
  std::string target;  // "/chains/hello/production/run_remote?x=1", never with scheme and host
  HttpHeaders headers;
  bool keep_alive = true;
  bool expects_continue = false;
  std::optional<uint64_t> content_length = std::nullopt;

  std::optional<std::string_view> Header(std::string_view name) const {
    return FindHeader(headers, name);
  }
};

struct Request {
  Request(RequestHead request_head, std::string request_body)
      : head(std::move(request_head)), body(std::move(request_body)) {}

  RequestHead head;
  std::string body;
};

// The server adds Date, Content-Length and Connection. A body that is made while it is sent will be
// one more member here, beside `body`; until then a response is whole.
struct Response {
  int status = 200;
  HttpHeaders headers = {};
  std::string body = {};
};

// "Not Found"; empty for a status nobody named.
std::string_view ReasonOf(int status);

}  // namespace chains::gateway
