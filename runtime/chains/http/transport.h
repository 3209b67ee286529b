// Transport: how requests come to an HTTP server: what is asked, and what is answered.
//
//   chains::http::Response answer = co_await transport.Send(
//       chains::http::Request("POST", "/v1/chat", body, "application/json"), absl::Seconds(30));
//
// curl_transport.h is the real one; tests have a server in memory behind the same seam.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"
#include "chains/http/server_address.h"

namespace chains::http {

class Request {
 public:
  // Names and values.
  using Headers = std::vector<std::pair<std::string, std::string>>;

  Request(std::string method, std::string target, std::string body = "",
          std::string content_type = "", Headers headers = {})
      : method_(std::move(method)),
        target_(std::move(target)),
        body_(std::move(body)),
        content_type_(std::move(content_type)),
        headers_(std::move(headers)) {}

  const std::string& method() const { return method_; }  // "GET"
  const std::string& target() const { return target_; }  // "/api/v1/pods?limit=500", encoded
  const std::string& body() const { return body_; }
  const std::string& content_type() const { return content_type_; }
  // Besides those of a transport's own; what has a line end in it is not sent.
  const Headers& headers() const { return headers_; }

 private:
  std::string method_, target_, body_, content_type_;
  Headers headers_;
};

struct Response {
  int status = 0;                              // 200
  std::map<std::string, std::string> headers;  // by name in lower case
  std::string body;
};

// Of any loop: what is asked there is answered there. Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;

  // Whatever the server answers is an answer. UNAVAILABLE: it cannot be reached, or hung up.
  // DEADLINE_EXCEEDED: the request's deadline (Context), at most `timeout`, has passed. Dropping
  // the task ends the request. An answer of more than 256 MiB is RESOURCE_EXHAUSTED.
  virtual Task<Response> Send(Request request, absl::Duration timeout) = 0;

  // The lines of an answer of unknown length, as they come; the first item is the head, with the
  // whole body where the status is not 200. Ends when the server ends it; UNAVAILABLE when it is
  // cut off or nothing came for `quiet`. Dropping the stream ends the request.
  virtual Stream<Response> Follow(Request request, absl::Duration quiet) = 0;
};

// Makes a Transport to a server. INVALID_ARGUMENT: the address cannot be used.
using MakeTransport =
    std::function<absl::StatusOr<std::shared_ptr<Transport>>(ServerAddress address)>;

// The HTTP client that this program was linked with; null: none. Exactly one of chains::curl and
// chains::no_http_client defines it, which chains_add_chain(… HTTP_CLIENT …) chooses; only a
// program's command line calls it, so tests need neither.
MakeTransport LinkedClient();

}  // namespace chains::http
