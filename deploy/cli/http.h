// HTTP requests to a gateway, by libcurl.
//
//   absl::StatusOr<HttpAnswer> answer = Post({.url = "http://127.0.0.1:8080/run_remote",
//                                             .body = R"({"names": ["Ada"]})"});
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chains::deploy::cli {

struct HttpRequest {
  std::string url = {};
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // beside the type
  absl::Duration timeout = absl::Seconds(60);
  // Gets the body of an answer that went well as it comes, in place of HttpAnswer::body; false ends
  // the request with CANCELLED.
  std::function<bool(std::string_view piece)> take = nullptr;
};

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
  std::string body = {};

  std::string Header(std::string_view name) const;  // empty without
};

// An answer of any status. UNAVAILABLE: nobody answered there; DEADLINE_EXCEEDED: not in time.
// At most 512 MiB are kept. Proxies of the environment are not asked: a gateway is called as it is.
absl::StatusOr<HttpAnswer> Post(const HttpRequest& request);

// What an answer other than 2xx says: its JSON's code, message and path, or its status and text.
absl::Status ErrorOf(const HttpAnswer& answer);

}  // namespace chains::deploy::cli
